"""A conversation as its members see it. Permission is the query: only rows of one's own memberships come back."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.extensions import db
from chat_app.messages.models import Message
from chat_app.messages.wire import COLUMNS, reactions_of, to_wire
from chat_app.receipts.pending import pending_receipts
from chat_app.schemas import utc_text
from chat_app.users.models import User
from chat_app.users.schemas import UserOut

Peer = aliased(User, name="peer")
_PeerMember = aliased(ConversationMember, name="peer_member")
_LastMessage = aliased(Message, name="last_message")
_last_columns = [getattr(_LastMessage, column.key).label(f"lm_{column.key}") for column in COLUMNS]
View = dict[str, Any]


def membership_query() -> sa.Select[Any]:
    """One row per live membership, with the conversation, its last message and a private chat's other person."""
    return (
        sa.select(Conversation, ConversationMember, Peer, *_last_columns)
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .where(ConversationMember.left_at.is_(None))
        .outerjoin(
            _PeerMember,
            sa.and_(
                Conversation.kind == "private",
                _PeerMember.conversation_id == Conversation.id,
                _PeerMember.user_id != ConversationMember.user_id,
            ),
        )
        .outerjoin(Peer, Peer.id == _PeerMember.user_id)
        .outerjoin(
            _LastMessage,
            sa.and_(_LastMessage.conversation_id == Conversation.id, _LastMessage.seq == Conversation.last_seq),
        )
        .execution_options(populate_existing=True)
    )


def views(query: sa.Select[Any]) -> list[View]:
    """Run a :func:`membership_query`, narrowed by the caller, and render its rows."""
    return render(db.session.execute(query).all())


def render(rows: Sequence[Any]) -> list[View]:
    reactions = reactions_of({row.lm_id for row in rows if row.lm_id})
    return [_view(row, reactions) for row in rows]


def _view(row: Any, reactions: dict[str, Any]) -> View:
    conversation, member, peer = row[0], row[1], row[2]
    return (
        shared_fields(conversation)
        | member_fields(member, conversation.last_seq)
        | {
            "peer": UserOut.model_validate(peer).to_json() if peer else None,
            "last_message": to_wire(_Last(row), reactions.get(row.lm_id, [])) if row.lm_id else None,
        }
    )


class _Last:
    """The columns of the last message under their own names."""

    def __init__(self, row: Any) -> None:
        for column in COLUMNS:
            setattr(self, column.key, getattr(row, f"lm_{column.key}"))


def shared_fields(conversation: Conversation) -> View:
    """What every member sees alike."""
    return {
        "id": conversation.id,
        "kind": conversation.kind,
        "title": conversation.title,
        "last_seq": conversation.last_seq,
        "last_change": conversation.last_change,
        "member_count": conversation.member_count,
        "created_at": utc_text(conversation.created_at),
        "updated_at": utc_text(conversation.updated_at),
    }


def member_fields(member: ConversationMember | None, last_seq: int) -> View:
    """What is one's own; the same fields, empty, for somebody who is not a member."""
    if member is None:
        return {"my_role": None, "delivered_seq": 0, "read_seq": 0, "unread": 0, "archived_at": None}
    delivered, read = pending_receipts().highest(
        member.conversation_id, member.user_id, member.delivered_seq, member.read_seq
    )
    return {
        "my_role": member.role,
        "delivered_seq": delivered,
        "read_seq": read,
        "unread": max(0, last_seq - read),
        "archived_at": utc_text(member.archived_at) if member.archived_at else None,
    }
