"""The steps of a batch that one statement cannot do: judging what the lookup found, writing what is to be stored."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chat_app.conversations.models import Conversation
from chat_app.messages.drafts import Draft, Outcome, Outcomes, Status
from chat_app.messages.models import Message


def judge(drafts: Sequence[Draft], found: Sequence[Any]) -> Outcomes:
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


def write(connection: sa.Connection, drafts: Sequence[Draft], outcomes: Outcomes) -> None:
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
