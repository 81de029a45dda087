"""One batch of messages into MariaDB: one short transaction of four statements, whatever the size of the batch."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from chat_app import mariadb
from chat_app.messages.batches.steps import judge
from chat_app.messages.drafts import Draft, Outcome, Outcomes, Status
from chat_app.settings import Settings

BATCH = 64
MAX_ATTEMPTS = 3
"""Times that a batch is tried which a deadlock ended: InnoDB picks one of the two, and the other goes on."""

# FORCE INDEX: a scan of a small table would wait for the locks of conversations that are none of ours.
_LOCK = sa.text("""
SELECT c.id FROM conversations c FORCE INDEX (PRIMARY) WHERE c.id IN :ids ORDER BY c.id FOR UPDATE
""").bindparams(sa.bindparam("ids", expanding=True))

_LOOKUP = sa.text("""
SELECT r.ord - 1 AS ord, m.role AS role, d.id AS message_id, d.body_hash AS body_hash,
  c.last_seq AS last_seq, c.last_change AS last_change, c.members_rev AS members_rev,
  (r.reply_to IS NULL OR p.id IS NOT NULL) AS reply_ok
FROM JSON_TABLE(:rows, '$[*]' COLUMNS (
  ord FOR ORDINALITY,
  cid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]',
  sid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]',
  k VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PATH '$[2]',
  reply_to CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[3]')) r
LEFT JOIN conversations c ON c.id = r.cid
LEFT JOIN conversation_members m ON m.conversation_id = r.cid AND m.user_id = r.sid AND m.left_at IS NULL
LEFT JOIN messages d ON d.conversation_id = r.cid AND d.sender_id = r.sid AND d.client_msg_id = r.k
LEFT JOIN messages p ON p.id = r.reply_to AND p.conversation_id = r.cid
""")

_COUNT = sa.text("""
UPDATE conversations c JOIN JSON_TABLE(:counters, '$[*]' COLUMNS (
  cid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]',
  seq BIGINT PATH '$[1]',
  new_change BIGINT PATH '$[2]',
  at DATETIME(6) PATH '$[3]')) n
  ON c.id = n.cid
SET c.last_seq = n.seq, c.last_change = n.new_change, c.updated_at = GREATEST(c.updated_at, n.at)
""")

# PyMySQL makes one statement of all the rows, or several when they are more than a mebibyte.
_INSERT = (
    "INSERT INTO messages (id, conversation_id, seq, `change`, sender_id, client_msg_id, type, content,"
    " reply_to_id, body_hash, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


class MariadbBatches:
    """The nearest equivalent of the one statement: lock, look up, count, insert, commit.

    The conversations are locked first, in the order of their ids, and every change of their members takes the same
    lock: so what the lookup finds still holds at the commit, and no batch has to be put off.
    """

    size = BATCH

    def __init__(self, settings: Settings) -> None:
        self._engine = sa.create_engine(
            settings.database_url,
            # Every batch ends by itself, in a commit or a rollback: there is nothing to reset.
            **mariadb.engine_options(pool_size=settings.message_writers, pool_reset_on_return=None),
        )

    def store(self, drafts: Sequence[Draft]) -> Outcomes:
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return self._store(drafts)
            except OperationalError as error:
                if not mariadb.is_deadlock(error):
                    raise
        return self._store(drafts)

    def _store(self, drafts: Sequence[Draft]) -> Outcomes:
        rows = [[d.conversation_id, d.sender_id, d.client_msg_id, d.reply_to_id] for d in drafts]
        with self._engine.begin() as connection:
            connection.execute(_LOCK, {"ids": sorted({d.conversation_id for d in drafts})})
            found = connection.execute(_LOOKUP, {"rows": json.dumps(rows)}).all()
            outcomes = judge(drafts, found)
            _write(connection, drafts, outcomes)
        return outcomes


def _write(connection: sa.Connection, drafts: Sequence[Draft], outcomes: Outcomes) -> None:
    stored = [(drafts[i], outcome) for i, outcome in outcomes.items() if outcome.status is Status.STORED]
    if not stored:
        return
    last = {d.conversation_id: [d.conversation_id, o.seq, o.change, _instant(d.created_at)] for d, o in stored}
    connection.execute(_COUNT, {"counters": json.dumps(list(last.values()))})
    connection.exec_driver_sql(_INSERT, [_row(draft, outcome) for draft, outcome in stored])


def _row(d: Draft, o: Outcome) -> tuple[Any, ...]:
    return (
        d.id,
        d.conversation_id,
        o.seq,
        o.change,
        d.sender_id,
        d.client_msg_id,
        d.type,
        d.content,
        d.reply_to_id,
        d.body_hash(),
        _instant(d.created_at),
    )


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
