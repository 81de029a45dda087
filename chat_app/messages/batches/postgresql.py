"""One batch of messages into PostgreSQL: one statement, which is atomic by itself."""

from collections.abc import Sequence

from chat_app.driver import FastStatements, array, text_array
from chat_app.messages.drafts import Draft, Outcome, Outcomes, Status
from chat_app.settings import Settings

BATCH = 64
STATUSES = tuple(Status)
"""By their number."""

_STORE = b"""
WITH b AS MATERIALIZED (
  SELECT r.*, m.role, d.id did, d.body_hash dhash,
    (SELECT members_rev FROM conversations cc WHERE cc.id = r.cid) rev,
    (r.reply_to IS NULL OR EXISTS
      (SELECT FROM messages p WHERE p.id = r.reply_to AND p.conversation_id = r.cid)) reply_ok
  FROM unnest(CAST(%s AS uuid[]), CAST(%s AS uuid[]), CAST(%s AS text[]),
      CAST(%s AS uuid[]), CAST(%s AS text[]), CAST(%s AS text[]), CAST(%s AS uuid[]),
      CAST(%s AS text[]), CAST(%s AS timestamptz[]))
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
SELECT ord::int4 - 1, 0, seq, change, members_rev, NULL::text, NULL::text FROM a
UNION ALL
SELECT ord::int4 - 1, CASE WHEN did IS NOT NULL AND role IS NOT NULL THEN 1 WHEN role IS NULL THEN 2
    WHEN role = 'read_only' THEN 4 ELSE 3 END, 0, 0, 0, did::text, dhash
  FROM b WHERE role IS NULL OR role = 'read_only' OR did IS NOT NULL OR NOT reply_ok
"""


class PostgresqlBatches:
    """Group commit in one round trip, with its measurements in docs/message-path.md."""

    size = BATCH

    def __init__(self, settings: Settings) -> None:
        self._statements = FastStatements(settings)

    def store(self, drafts: Sequence[Draft]) -> Outcomes:
        rows = self._statements.run(_STORE, _columns(drafts))
        return {row[0]: Outcome(STATUSES[row[1]], *row[2:]) for row in rows}

    def close(self) -> None:
        self._statements.close()


def _columns(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """In the order of `r` in the statement."""
    return (
        array([d.conversation_id for d in drafts]),
        array([d.sender_id for d in drafts]),
        text_array([d.client_msg_id for d in drafts]),
        array([d.id for d in drafts]),
        array([d.type for d in drafts]),
        text_array([d.content for d in drafts]),
        array([d.reply_to_id for d in drafts]),
        array([d.body_hash() for d in drafts]),
        text_array([d.created_at.isoformat() for d in drafts]),
    )
