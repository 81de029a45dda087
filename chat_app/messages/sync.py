"""Catching up: the client says what it holds, the answer is exactly what it lacks, or `reset` (docs/sync.md).

Per conversation a client keeps one number, the `change` up to which it is complete. `changes` in the answer
is the number to keep afterwards, so that no client has to work it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.conversations.views import last_messages, read_member_rows, to_views
from chat_app.db import dialect
from chat_app.messages.models import Message
from chat_app.messages.schemas import Sync
from chat_app.messages.wire import COLUMNS, read_parts, to_wire
from chat_app.operations.epoch import STORED_EPOCH, current_epoch
from chat_app.reads import array_of, read
from chat_app.receipts.pending import pending_receipts
from chat_app.schemas import utc_text

CONVERSATIONS_PER_ANSWER = 200
_PLACES = (
    sa.select(
        Conversation.id,
        Conversation.last_change,
        Conversation.members_rev,
        Conversation.title,
        Conversation.member_count,
        ConversationMember.user_id,
        ConversationMember.role,
        ConversationMember.archived_at,
        ConversationMember.delivered_seq,
        ConversationMember.read_seq,
        STORED_EPOCH.scalar_subquery().label("epoch"),
    )
    .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
    .where(ConversationMember.user_id == sa.bindparam("user_id"), ConversationMember.left_at.is_(None))
    .order_by(Conversation.id)
)
_CHANGED = (
    sa.select(*COLUMNS)
    .where(Message.conversation_id == sa.bindparam("conversation_id"), Message.change > sa.bindparam("change"))
    .order_by(Message.change)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


@dataclass
class _Answer:
    limit: int
    conversations: list[str] = field(default_factory=list)
    reset: list[str] = field(default_factory=list)
    behind: dict[str, int] = field(default_factory=dict)
    """The conversations whose messages have to be read, with the change that the client has."""
    changes: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, dict[str, Any]] = field(default_factory=dict)
    more: bool = False


def since(user_id: str, held: Sync, places: Sequence[Any]) -> dict[str, Any]:
    """The acknowledgement of `sync`: `{epoch, conversations, messages, removed, reset, more, changes, unchanged}`.

    `places` are all the memberships of the caller, from :func:`places_of`.
    Bounds: `limit` messages (SYNC_LIMIT at most) and 200 conversations an answer (all when the epoch is
    another), `more` when there is further to fetch; a conversation more than SYNC_RESET_AFTER changes behind,
    or ahead of the server, is named in `reset` and its history is to be loaded anew.
    """
    settings = current_app.config["SETTINGS"]
    epoch = (places[0].epoch if places else None) or current_epoch()
    same_epoch = held.epoch is None or held.epoch == epoch
    answer = _Answer(min(held.limit or settings.sync_limit, settings.sync_limit))
    for place in places:
        # After another epoch no old marker may survive into the next call, so all come at once.
        if same_epoch and len(answer.conversations) >= CONVERSATIONS_PER_ANSWER:
            answer.more = True
            break
        known = held.conversations.get(place.id)
        _compare(answer, place, known, same_epoch, settings.sync_reset_after)
    messages = _missing_messages(answer)
    conversations = read_member_rows(user_id, answer.conversations)
    parts = read_parts([*messages, *last_messages(conversations)])
    return {
        "epoch": epoch,
        "conversations": to_views(conversations, parts),
        "messages": [to_wire(message, parts) for message in messages],
        "removed": sorted(held.conversations.keys() - {place.id for place in places}),
        "reset": answer.reset,
        "more": answer.more,
        "changes": answer.changes,
        "unchanged": answer.unchanged,
    }


def places_of(user_id: str) -> Sequence[Any]:
    """All of one's memberships, by conversation id, with the counters to compare, and the epoch in each."""
    return read(_PLACES, user_id=user_id)


def _compare(answer: _Answer, place: Any, known: int | None, same_epoch: bool, reset_after: int) -> None:
    """Decide what this conversation needs: nothing, its row, its messages, or a fresh start."""
    if known is None:
        answer.conversations.append(place.id)
        answer.changes[place.id] = place.last_change
    elif not same_epoch or known > place.last_change or place.last_change - known > reset_after:
        answer.conversations.append(place.id)
        answer.reset.append(place.id)
        answer.changes[place.id] = place.last_change
    elif known < place.last_change:
        answer.conversations.append(place.id)
        answer.behind[place.id] = known
        answer.changes[place.id] = place.last_change
    else:
        answer.unchanged[place.id] = _own_view(place)


def _own_view(place: Any) -> dict[str, Any]:
    """Of a conversation without new messages: what may have changed without one."""
    delivered, read = pending_receipts().highest(place.id, place.user_id, place.delivered_seq, place.read_seq)
    return {
        "title": place.title,
        "my_role": place.role,
        "member_count": place.member_count,
        "archived_at": utc_text(place.archived_at) if place.archived_at else None,
        "delivered_seq": delivered,
        "read_seq": read,
    }


def _missing_messages(answer: _Answer) -> list[Any]:
    """Messages changed since, by (conversation, change), `limit` at most.

    What does not fit leaves the answer, with its conversation's marker set back to what did fit.
    """
    rows = _changed_since(answer.behind, answer.limit + 1)
    overflow = rows[answer.limit :]
    rows = rows[: answer.limit]
    last_of = {row.conversation_id: row.change for row in rows}
    for conversation_id, change in last_of.items():
        # A message may have come after the counters were read: the marker covers what was sent.
        answer.changes[conversation_id] = max(change, answer.changes[conversation_id])
    if overflow:
        answer.more = True
        _set_back(answer, overflow[0].conversation_id, last_of)
    return rows


def _set_back(answer: _Answer, cut: str, last_of: dict[str, int]) -> None:
    """Conversation `cut` arrived in part, those after it not at all."""
    for conversation_id in [known for known in answer.behind if known >= cut]:
        if conversation_id == cut and cut in last_of:
            answer.changes[cut] = last_of[cut]
        else:
            answer.conversations.remove(conversation_id)
            del answer.changes[conversation_id]


def _changed_since(behind: dict[str, int], limit: int) -> list[Any]:
    """One indexed read per conversation, in one statement on PostgreSQL."""
    if not behind:
        return []
    if dialect() == "postgresql":
        held = {"conversation_ids": list(behind), "changes": list(behind.values())}
        return list(read(_CHANGED_OF_ALL, **held, limit=limit))
    rows: list[Any] = []
    for conversation_id, change in behind.items():
        if len(rows) >= limit:
            break
        rows += read(_CHANGED, conversation_id=conversation_id, change=change, limit=limit - len(rows))
    return rows


def _lateral() -> sa.Select[Any]:
    wanted = (
        sa.func.unnest(
            array_of("conversation_ids", sa.Uuid(as_uuid=False)),
            array_of("changes", sa.BigInteger),
        )
        .table_valued("conversation_id", "change")
        .render_derived(name="wanted")
    )
    limit = sa.bindparam("limit", type_=sa.Integer)
    newer = (
        sa.select(*COLUMNS)
        .where(Message.conversation_id == wanted.c.conversation_id, Message.change > wanted.c.change)
        .order_by(Message.change)
        .limit(limit)
        .lateral("newer")
    )
    return (
        sa.select(newer)
        .select_from(wanted.join(newer, sa.true()))
        .order_by(newer.c.conversation_id, newer.c.change)
        .limit(limit)
    )


_CHANGED_OF_ALL = _lateral()
