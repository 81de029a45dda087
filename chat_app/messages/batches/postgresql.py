"""One batch of messages into PostgreSQL: one statement, which is atomic by itself."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chat_app.db import postgresql_connect_args
from chat_app.messages.drafts import Draft, Outcome, Outcomes, Status
from chat_app.settings import Settings

BATCH = 64

_STORE = sa.text("""
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


class PostgresqlBatches:
    """Group commit in one round trip, with its measurements in docs/message-path.md.

    The statement is atomic by itself, so its connections run in autocommit. Generic plans: planning anew
    for every batch costs twice as much as running it.
    """

    size = BATCH

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
            rows = connection.execute(_STORE, _arrays(drafts)).all()
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
