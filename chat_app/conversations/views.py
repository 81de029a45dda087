"""A conversation as its members see it. Permission is the query: only rows of one's own memberships come back."""

from collections import namedtuple
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.extensions import db
from chat_app.messages.models import Message
from chat_app.messages.wire import COLUMNS, Parts, Rows, parts_of, to_wire
from chat_app.reads import among_ids, read
from chat_app.receipts.pending import pending_receipts
from chat_app.schemas import utc_text
from chat_app.users.models import User
from chat_app.users.schemas import UserOut

Peer = aliased(User, name="peer")
_PeerMember = aliased(ConversationMember, name="peer_member")
_LastMessage = aliased(Message, name="last_message")
_OWN = (
    *(Conversation.id, Conversation.kind, Conversation.title, Conversation.last_seq, Conversation.last_change),
    *(Conversation.member_count, Conversation.created_at, Conversation.updated_at),
    *(ConversationMember.conversation_id, ConversationMember.user_id, ConversationMember.role),
    *(ConversationMember.delivered_seq, ConversationMember.read_seq, ConversationMember.archived_at),
)
View = dict[str, Any]
_PEER_NAMES = tuple(UserOut.model_fields)
_LAST_NAMES = tuple(column.key for column in COLUMNS)
_peer_values = attrgetter(*(f"peer_{name}" for name in _PEER_NAMES))
_last_values = attrgetter(*(f"lm_{name}" for name in _LAST_NAMES))
_Last = namedtuple("_Last", _LAST_NAMES)  # type: ignore[misc]
_peer_columns = [getattr(Peer, name).label(f"peer_{name}") for name in _PEER_NAMES]
_last_columns = [getattr(_LastMessage, name).label(f"lm_{name}") for name in _LAST_NAMES]


def membership_query() -> sa.Select[Any]:
    """One row per live membership, with the conversation, its last message and a private chat's other person.

    Columns and no entities: what SQLAlchemy's identity map would cost is more than the query.
    """
    columns: list[Any] = [*_OWN, *_peer_columns, *_last_columns]
    return (
        sa.select(*columns)
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
    )


_OF_MEMBER = (
    membership_query()
    .where(
        ConversationMember.user_id == sa.bindparam("user_id"),
        among_ids(Conversation.id, "conversation_ids"),
    )
    .order_by(Conversation.id)
)


def views(query: sa.Select[Any]) -> list[View]:
    """Run a :func:`membership_query`, narrowed by the caller, and render its rows."""
    return render(db.session.execute(query).all())


def render(rows: Rows) -> list[View]:
    return to_views(rows, parts_of(last_messages(rows)))


def read_member_rows(user_id: str, conversation_ids: Sequence[str]) -> Rows:
    """Those of one member, by id, for :func:`to_views`; outside of the session (:func:`chat_app.reads.read`)."""
    return read(_OF_MEMBER, user_id=user_id, conversation_ids=conversation_ids) if conversation_ids else []


def last_messages(rows: Rows) -> Rows:
    return [_last(row) for row in rows if row.lm_id]


def to_views(rows: Rows, parts: Parts) -> list[View]:
    """`parts` are those of the :func:`last_messages`, at least."""
    return [_view(row, parts) for row in rows]


def _last(row: Any) -> Any:
    return _Last._make(_last_values(row))


def _view(row: Any, parts: Parts) -> View:
    peer = dict(zip(_PEER_NAMES, _peer_values(row), strict=True)) if row.peer_id else None
    return {
        **shared_fields(row),
        **member_fields(row, row.last_seq),
        "peer": UserOut.model_validate(peer).to_json() if peer else None,
        "last_message": to_wire(_last(row), parts) if row.lm_id else None,
    }


def shared_fields(conversation: Any) -> View:
    """What every member sees alike; of a :class:`Conversation`, or of a row with its columns."""
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


def member_fields(member: Any | None, last_seq: int) -> View:
    """What is one's own, of a :class:`ConversationMember` or a row; the same fields, empty, for who is not a member."""
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
