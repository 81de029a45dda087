"""Pages of a conversation's messages, by `seq`, both ways and around one message (keyset, never OFFSET)."""

from typing import Any

import sqlalchemy as sa

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.errors import invalid, not_found
from chat_app.extensions import db
from chat_app.messages.models import Message
from chat_app.messages.schemas import HistoryQuery
from chat_app.messages.wire import COLUMNS, with_reactions
from chat_app.pagination import decode_cursor, encode_cursor


def page(user_id: str, conversation_id: str, wanted: HistoryQuery, kind: str | None = None) -> dict[str, Any]:
    """`{items, next_cursor, prev_cursor}`, items always in ascending `seq`; `not_found` for non-members.

    `next_cursor` leads to newer and `prev_cursor` to older messages; null at either end.
    """
    last_seq = _last_seq(user_id, conversation_id, kind)
    way, seq = _position(wanted, last_seq)
    if way == "around":
        half = wanted.limit // 2
        older = _rows(conversation_id, Message.seq < seq, half, newest_first=True)
        newer = _rows(conversation_id, Message.seq >= seq, wanted.limit - half)
        rows = older[::-1] + newer
    elif way == "after":
        rows = _rows(conversation_id, Message.seq > seq, wanted.limit)
    else:
        rows = _rows(conversation_id, Message.seq < seq, wanted.limit, newest_first=True)[::-1]
    first, last = (rows[0].seq, rows[-1].seq) if rows else (seq, seq)
    return {
        "items": with_reactions(rows),
        "next_cursor": encode_cursor("after", last) if rows and last < last_seq else None,
        "prev_cursor": encode_cursor("before", first) if rows and first > 1 else None,
    }


def _last_seq(user_id: str, conversation_id: str, kind: str | None) -> int:
    query = (
        sa.select(Conversation.last_seq)
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .where(
            Conversation.id == conversation_id,
            ConversationMember.user_id == user_id,
            ConversationMember.left_at.is_(None),
        )
    )
    if kind:
        query = query.where(Conversation.kind == kind)
    found = db.session.scalar(query)
    if found is None:
        raise not_found("conversation")
    return int(found)


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


def _rows(conversation_id: str, condition: Any, limit: int, *, newest_first: bool = False) -> list[Any]:
    order = Message.seq.desc() if newest_first else Message.seq
    query = sa.select(*COLUMNS).where(Message.conversation_id == conversation_id, condition)
    return list(db.session.execute(query.order_by(order).limit(limit)).all())
