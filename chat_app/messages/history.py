"""Pages of a conversation's messages, by `seq`, both ways and around one message (keyset, never OFFSET)."""

from typing import Any

import sqlalchemy as sa

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.errors import invalid, not_found
from chat_app.messages.models import Message
from chat_app.messages.schemas import HistoryQuery
from chat_app.messages.wire import COLUMNS, read_parts, to_wire
from chat_app.pagination import decode_cursor, encode_cursor
from chat_app.reads import read

_PLACE = (
    sa.select(Conversation.last_seq, Conversation.kind)
    .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
    .where(
        Conversation.id == sa.bindparam("conversation_id"),
        ConversationMember.user_id == sa.bindparam("user_id"),
        ConversationMember.left_at.is_(None),
    )
)
_MESSAGES = (
    sa.select(*COLUMNS)
    .where(Message.conversation_id == sa.bindparam("conversation_id"))
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_SEQ = sa.bindparam("seq", type_=sa.BigInteger)
_BEFORE = _MESSAGES.where(Message.seq < _SEQ).order_by(Message.seq.desc())
_AFTER = _MESSAGES.where(Message.seq > _SEQ).order_by(Message.seq)


def page(user_id: str, conversation_id: str, wanted: HistoryQuery, kind: str | None = None) -> dict[str, Any]:
    """`{items, next_cursor, prev_cursor}`, items always in ascending `seq`; `not_found` for non-members.

    `next_cursor` leads to newer and `prev_cursor` to older messages; null at either end.
    """
    last_seq = _last_seq(user_id, conversation_id, kind)
    way, seq = _position(wanted, last_seq)
    if way == "around":
        half = wanted.limit // 2
        older = read(_BEFORE, conversation_id=conversation_id, seq=seq, limit=half)
        newer = read(_AFTER, conversation_id=conversation_id, seq=seq - 1, limit=wanted.limit - half)
        rows = [*reversed(older), *newer]
    elif way == "after":
        rows = [*read(_AFTER, conversation_id=conversation_id, seq=seq, limit=wanted.limit)]
    else:
        rows = [*reversed(read(_BEFORE, conversation_id=conversation_id, seq=seq, limit=wanted.limit))]
    parts = read_parts(rows)
    first, last = (rows[0].seq, rows[-1].seq) if rows else (seq, seq)
    return {
        "items": [to_wire(row, parts) for row in rows],
        "next_cursor": encode_cursor("after", last) if rows and last < last_seq else None,
        "prev_cursor": encode_cursor("before", first) if rows and first > 1 else None,
    }


def _last_seq(user_id: str, conversation_id: str, kind: str | None) -> int:
    found = read(_PLACE, conversation_id=conversation_id, user_id=user_id)
    if not found or (kind and found[0].kind != kind):
        raise not_found("conversation")
    return int(found[0].last_seq)


def _position(wanted: HistoryQuery, last_seq: int) -> tuple[str, int]:
    """Which way to read, from which `seq`."""
    given: dict[str, Any] = {
        "cursor": wanted.cursor,
        "before": wanted.before_seq,
        "after": wanted.after_seq,
        "around": wanted.around_seq,
    }
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise invalid(chosen[1], "give only one of cursor, before_seq, after_seq and around_seq")
    if not chosen:
        return "before", last_seq + 1
    if chosen[0] != "cursor":
        return chosen[0], given[chosen[0]]
    way, seq = decode_cursor(wanted.cursor or "", str, int)
    if way not in ("before", "after"):
        raise invalid("cursor", "is not one of ours; begin again without a cursor")
    return way, seq
