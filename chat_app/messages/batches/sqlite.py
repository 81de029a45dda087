"""One batch of messages into SQLite: one short transaction under its own write lock."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Engine

from chat_app.db import prepare_sqlite
from chat_app.messages.batches.steps import judge, write
from chat_app.messages.drafts import Draft, Outcomes
from chat_app.settings import Settings

BATCH = 16
"""Small, because SQLite holds up the whole process while it works."""

_LOOKUP = sa.text("""
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


class SqliteBatches:
    """The nearest equivalent: one lookup, then counters and rows written under SQLite's own write lock.

    The lock makes the membership guard needless: nobody else can write between the lookup and the commit.
    """

    size = BATCH

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
            found = connection.execute(_LOOKUP, {"rows": json.dumps(rows)}).all()
            outcomes = judge(drafts, found)
            write(connection, drafts, outcomes)
        return outcomes
