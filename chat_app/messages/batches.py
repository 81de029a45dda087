"""One batch of messages into the database, as one statement (PostgreSQL) or one short transaction (SQLite).

Both answer `{position: Outcome}`. A position that is missing was not stored because the membership of its
conversation changed in between: it belongs at the front of the next batch. Equal keys within a batch are
the writer's business: it never passes two.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Engine

from chat_app.conversations.models import Conversation
from chat_app.db import postgresql_connect_args, prepare_sqlite
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.messages.models import Message
from chat_app.settings import Settings

POSTGRESQL_BATCH = 64
SQLITE_BATCH = 16
"""Small, because SQLite holds up the whole process while it works."""

_POSTGRESQL = sa.text("""
WITH b AS MATERIALIZED (
  SELECT r.*, m.role, d.id did, d.body_hash dhash,
    (SELECT members_rev FROM conversations cc WHERE cc.id = r.cid) rev,
    (r.reply_to IS NULL OR EXISTS
      (SELECT FROM messages p WHERE p.id = r.reply_to AND p.conversation_id = r.cid)) reply_ok
  FROM unnest(CAST(:conversation_ids AS uuid[]), CAST(:sender_ids AS uuid[]), CAST(:keys AS text[]),
      CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:contents AS text[]), CAST(:reply_tos AS uuid[]),
      CAST(:hashes AS text[]), CAST(:created AS timestamptz[]))
    WITH ORDINALITY r(cid, sid, k, mid, t, c, reply_to, hash, created, ord)
  LEFT JOIN LATERAL (SELECT role FROM conversation_members m
    WHERE m.conversation_id = r.cid AND m.user_id = r.sid AND m.left_at IS NULL LIMIT 1) m ON true
  LEFT JOIN LATERAL (SELECT x.id, x.body_hash FROM messages x
    WHERE x.conversation_id = r.cid AND x.sender_id = r.sid AND x.client_msg_id = r.k LIMIT 1) d ON true),
k AS MATERIALIZED (SELECT *, row_number() OVER (PARTITION BY cid ORDER BY ord) rn FROM b
  WHERE role <> 'read_only' AND did IS NULL AND reply_ok),
n AS MATERIALIZED (SELECT cid, max(rn) n, min(rev) rev, max(created) created FROM k GROUP BY cid),
l AS MATERIALIZED (SELECT c.id FROM n JOIN conversations c ON c.id = n.cid AND c.members_rev = n.rev
  ORDER BY c.id FOR NO KEY UPDATE OF c),
u AS (UPDATE conversations c SET last_seq = c.last_seq + n.n, last_change = c.last_change + n.n,
    updated_at = GREATEST(c.updated_at, n.created)
  FROM l JOIN n ON n.cid = l.id WHERE c.id = l.id
  RETURNING c.id, c.last_seq - n.n base_seq, c.last_change - n.n base_change, c.members_rev),
a AS MATERIALIZED (SELECT k.*, u.base_seq + k.rn seq, u.base_change + k.rn change, u.members_rev
  FROM k JOIN u ON u.id = k.cid),
i AS (INSERT INTO messages(id, conversation_id, seq, change, sender_id, client_msg_id, type, content,
    reply_to_id, body_hash, created_at)
  SELECT mid, cid, seq, change, sid, k, t, c, reply_to, hash, created FROM a)
SELECT ord::int4 AS ord, 0 AS status, seq, change, members_rev, NULL::text AS message_id, NULL::text AS body_hash FROM a
UNION ALL
SELECT ord::int4, CASE WHEN did IS NOT NULL AND role IS NOT NULL THEN 1 WHEN role IS NULL THEN 2
    WHEN role = 'read_only' THEN 4 ELSE 3 END, 0, 0, 0, did::text, dhash
  FROM b WHERE role IS NULL OR role = 'read_only' OR did IS NOT NULL OR NOT reply_ok
""")

_SQLITE_LOOKUP = sa.text("""
SELECT r.key AS ord, m.role AS role, d.id AS message_id, d.body_hash AS body_hash,
  c.last_seq AS last_seq, c.last_change AS last_change, c.members_rev AS members_rev,
  (json_extract(r.value, '$[5]') IS NULL OR EXISTS (SELECT 1 FROM messages p
     WHERE p.id = json_extract(r.value, '$[5]') AND p.conversation_id = json_extract(r.value, '$[0]'))) AS reply_ok
FROM json_each(:rows) r
LEFT JOIN conversation_members m
  ON m.conversation_id = json_extract(r.value, '$[0]') AND m.user_id = json_extract(r.value, '$[1]')
  AND m.left_at IS NULL
LEFT JOIN messages d
  ON d.conversation_id = json_extract(r.value, '$[0]') AND d.sender_id = json_extract(r.value, '$[1]')
  AND d.client_msg_id = json_extract(r.value, '$[2]')
LEFT JOIN conversations c ON c.id = json_extract(r.value, '$[0]')
""")
Outcomes = dict[int, Outcome]


class Batches(Protocol):
    """Where batches go; `size` is the most that one may hold."""

    size: int

    def store(self, drafts: Sequence[Draft]) -> Outcomes: ...


class PostgresqlBatches:
    """Group commit in one round trip, with its measurements in docs/message-path.md.

    The statement is atomic by itself, so its connections run in autocommit. Generic plans: planning anew
    for every batch costs twice as much as running it.
    """

    size = POSTGRESQL_BATCH

    def __init__(self, settings: Settings) -> None:
        self._engine = sa.create_engine(
            settings.database_url,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=settings.message_writers,
            max_overflow=0,
            connect_args=postgresql_connect_args("plan_cache_mode=force_generic_plan", "jit=off", "enable_seqscan=off"),
        )

    def store(self, drafts: Sequence[Draft]) -> Outcomes:
        with self._engine.connect() as connection:
            rows = connection.execute(_POSTGRESQL, _arrays(drafts)).all()
        return {
            row.ord - 1: Outcome(
                Status(row.status), row.seq, row.change, row.members_rev, row.message_id, row.body_hash
            )
            for row in rows
        }


def _arrays(drafts: Sequence[Draft]) -> dict[str, Any]:
    return {
        "conversation_ids": [d.conversation_id for d in drafts],
        "sender_ids": [d.sender_id for d in drafts],
        "keys": [d.client_msg_id for d in drafts],
        "ids": [d.id for d in drafts],
        "types": [d.type for d in drafts],
        "contents": [d.content for d in drafts],
        "reply_tos": [d.reply_to_id for d in drafts],
        "hashes": [d.body_hash() for d in drafts],
        "created": [d.created_at for d in drafts],
    }


class SqliteBatches:
    """The nearest equivalent: one lookup, then counters and rows written under SQLite's own write lock.

    The lock makes the membership guard needless: nobody else can write between the lookup and the commit.
    """

    size = SQLITE_BATCH

    def __init__(self, settings: Settings) -> None:
        self._engine: Engine = sa.create_engine(
            settings.database_url,
            pool_size=settings.message_writers,
            hide_parameters=True,
            connect_args={"timeout": 0, "isolation_level": None, "check_same_thread": False},
        )
        prepare_sqlite(self._engine)

    def store(self, drafts: Sequence[Draft]) -> Outcomes:
        rows = [[d.conversation_id, d.sender_id, d.client_msg_id, d.id, d.type, d.reply_to_id] for d in drafts]
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            found = connection.execute(_SQLITE_LOOKUP, {"rows": json.dumps(rows)}).all()
            outcomes = _judge(drafts, found)
            _write(connection, drafts, outcomes)
        return outcomes


def _judge(drafts: Sequence[Draft], found: Sequence[Any]) -> Outcomes:
    """Decide each row and number those that are to be stored."""
    outcomes: Outcomes = {}
    taken: dict[str, int] = defaultdict(int)
    for row in sorted(found, key=lambda row: row.ord):
        if row.role is None:
            outcomes[row.ord] = Outcome(Status.NOT_A_MEMBER)
        elif row.message_id is not None:
            outcomes[row.ord] = Outcome(Status.KNOWN, message_id=row.message_id, body_hash=row.body_hash)
        elif row.role == "read_only":
            outcomes[row.ord] = Outcome(Status.READ_ONLY)
        elif not row.reply_ok:
            outcomes[row.ord] = Outcome(Status.BAD_REPLY)
        else:
            conversation_id = drafts[row.ord].conversation_id
            taken[conversation_id] += 1
            n = taken[conversation_id]
            outcomes[row.ord] = Outcome(Status.STORED, row.last_seq + n, row.last_change + n, row.members_rev)
    return outcomes


def _write(connection: sa.Connection, drafts: Sequence[Draft], outcomes: Outcomes) -> None:
    stored = [(drafts[i], outcome) for i, outcome in outcomes.items() if outcome.status is Status.STORED]
    if not stored:
        return
    last = {draft.conversation_id: (draft, outcome) for draft, outcome in stored}
    connection.execute(
        sa.update(Conversation)
        .where(Conversation.id == sa.bindparam("cid"))
        .values(last_seq=sa.bindparam("seq"), last_change=sa.bindparam("change"), updated_at=sa.bindparam("at")),
        [{"cid": cid, "seq": o.seq, "change": o.change, "at": d.created_at} for cid, (d, o) in last.items()],
    )
    connection.execute(
        sa.insert(Message),
        [
            {
                "id": d.id,
                "conversation_id": d.conversation_id,
                "seq": o.seq,
                "change": o.change,
                "sender_id": d.sender_id,
                "client_msg_id": d.client_msg_id,
                "type": d.type,
                "content": d.content,
                "reply_to_id": d.reply_to_id,
                "body_hash": d.body_hash(),
                "meta": {},
                "created_at": d.created_at,
            }
            for d, o in stored
        ],
    )


def batches_for(settings: Settings) -> Batches:
    return SqliteBatches(settings) if settings.database_url.startswith("sqlite") else PostgresqlBatches(settings)
