"""Conversations: create, find, rename, archive, delete. Membership changes are in `members.py`."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from chat_app.conversations import members
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.conversations.schemas import ConversationList, ConversationUpdate, NewConversation
from chat_app.conversations.views import Peer, View, member_fields, membership_query, shared_fields, views
from chat_app.db import after_commit, now
from chat_app.errors import conflict, forbidden, invalid, not_found
from chat_app.extensions import db
from chat_app.pagination import checked_id, decode_cursor, encode_cursor, foreign_cursor
from chat_app.realtime.publish import conversation_changed
from chat_app.schemas import in_utc
from chat_app.users.models import User
from chat_app.users.service import contains_text, visible_people

MANAGERS = ("owner", "moderator")


def get_view(user_id: str, conversation_id: str) -> View:
    """The conversation as this member sees it; `not_found` for anybody else."""
    found = views(membership_query().where(Conversation.id == conversation_id, ConversationMember.user_id == user_id))
    if not found:
        raise not_found("conversation")
    return found[0]


def list_views(user_id: str, wanted: ConversationList) -> tuple[list[View], str | None]:
    """One's conversations, newest activity first, and the cursor of the next page."""
    query = membership_query().where(ConversationMember.user_id == user_id)
    archived = ConversationMember.archived_at
    query = query.where(archived.is_not(None) if wanted.archived else archived.is_(None))
    if wanted.kind:
        query = query.where(Conversation.kind == wanted.kind)
    if wanted.unread:
        query = query.where(Conversation.last_seq > ConversationMember.read_seq)
    if wanted.q:
        query = query.where(
            sa.or_(contains_text(Conversation.title, wanted.q), contains_text(Peer.display_name, wanted.q))
        )
    if wanted.cursor:
        updated_at, conversation_id = decode_cursor(wanted.cursor, str, str)
        query = query.where(_older_than(updated_at, conversation_id))
    query = query.order_by(Conversation.updated_at.desc(), Conversation.id.desc()).limit(wanted.limit + 1)
    found = views(query)
    more = len(found) > wanted.limit
    page = found[: wanted.limit]
    next_cursor = _cursor_after(page[-1]["id"]) if more else None
    if wanted.unread:  # what was read a moment ago is not stored yet
        page = [view for view in page if view["unread"]]
    return page, next_cursor


def _cursor_after(conversation_id: str) -> str:
    # To the microsecond, unlike the millisecond that clients see: a cursor must not skip a row.
    conversation = db.session.get_one(Conversation, conversation_id)
    return encode_cursor(conversation.updated_at.isoformat(), conversation_id)


def _older_than(updated_at: str, conversation_id: str) -> sa.ColumnElement[bool]:
    try:
        moment = in_utc(datetime.fromisoformat(updated_at))
    except ValueError:
        raise foreign_cursor() from None
    last_id = checked_id(conversation_id)
    return sa.or_(
        Conversation.updated_at < moment,
        sa.and_(Conversation.updated_at == moment, Conversation.id < last_id),
    )


def list_rooms(user_id: str, q: str, limit: int, cursor: str | None) -> tuple[list[View], str | None]:
    """The directory of public rooms, by title; `my_role` tells which ones the caller is in."""
    query = (
        sa.select(Conversation, ConversationMember)
        .outerjoin(
            ConversationMember,
            sa.and_(
                ConversationMember.conversation_id == Conversation.id,
                ConversationMember.user_id == user_id,
                ConversationMember.left_at.is_(None),
            ),
        )
        .where(Conversation.kind == "room", Conversation.deleted_at.is_(None))
        .order_by(Conversation.title, Conversation.id)
        .limit(limit + 1)
    )
    if q:
        query = query.where(contains_text(Conversation.title, q))
    if cursor:
        query = query.where(sa.tuple_(Conversation.title, Conversation.id) > decode_cursor(cursor, str, str))
    rows = db.session.execute(query).all()
    items = [
        shared_fields(room) | member_fields(member, room.last_seq) | {"peer": None, "last_message": None}
        for room, member in rows[:limit]
    ]
    more = len(rows) > limit
    return items, encode_cursor(items[-1]["title"], items[-1]["id"]) if more else None


def create(user_id: str, data: NewConversation) -> tuple[str, bool]:
    """Make a conversation and put its people in. Returns its id and whether it is new.

    A private chat between the same two is made once: later calls return the first.
    """
    others = [member_id for member_id in dict.fromkeys(data.member_ids) if member_id != user_id]
    if data.kind == "private":
        return _create_private(user_id, others, data)
    if data.title is None:
        raise invalid("title", f"a {data.kind} needs a title")
    _require_people(user_id, others)
    conversation = Conversation(kind=data.kind, title=data.title, created_by=user_id)
    db.session.add(conversation)
    db.session.flush()
    members.add(conversation, {user_id: "owner"} | dict.fromkeys(others, "member"))
    return conversation.id, True


def _create_private(user_id: str, others: list[str], data: NewConversation) -> tuple[str, bool]:
    if len(others) != 1 or len(set(data.member_ids)) != 1:
        raise invalid("member_ids", "a private chat has exactly one other person")
    if data.title is not None:
        raise invalid("title", "a private chat has no title: each sees the other's name")
    pair_key = ":".join(sorted((user_id, others[0])))
    existing = db.session.scalar(sa.select(Conversation.id).where(Conversation.pair_key == pair_key))
    if existing:
        return existing, False
    _require_people(user_id, others)
    conversation = Conversation(kind="private", pair_key=pair_key, created_by=user_id)
    try:
        with db.session.begin_nested():
            db.session.add(conversation)
    except IntegrityError:  # the other person began the same chat at the same moment
        return db.session.scalars(sa.select(Conversation.id).where(Conversation.pair_key == pair_key)).one(), False
    members.add(conversation, dict.fromkeys((user_id, others[0]), "member"))
    return conversation.id, True


def _require_people(user_id: str, user_ids: list[str]) -> None:
    """Refuse people who do not exist or whom this person cannot see."""
    known = set(db.session.scalars(visible_people(user_id, sa.select(User.id).where(User.id.in_(user_ids)))))
    unknown = [user_id for user_id in user_ids if user_id not in known]
    if unknown:
        raise invalid("member_ids", f"there is no such person: {', '.join(unknown[:5])}")


def update(user_id: str, conversation_id: str, data: ConversationUpdate) -> None:
    """Rename it for everybody (owners and moderators), or archive it for oneself."""
    conversation, member = members.lock(user_id, conversation_id)
    if data.title is not None:
        if conversation.kind == "private":
            raise conflict("A private chat has no title: each sees the other's name.")
        if member.role not in MANAGERS:
            raise forbidden("Only its owner and moderators may rename this conversation.")
        conversation.title = data.title
        after_commit(conversation_changed, conversation_id)
    if data.archived is not None:
        member.archived_at = (member.archived_at or now()) if data.archived else None
        after_commit(conversation_changed, conversation_id, user_id)


def delete(user_id: str, conversation_id: str) -> None:
    """End it for everybody: the owner's right. The rows are removed later by a job."""
    conversation, member = members.lock(user_id, conversation_id)
    if conversation.kind == "private":
        raise forbidden("A private chat cannot be deleted for the other person; archive it instead.")
    if member.role != "owner":
        raise forbidden("Only its owner may delete this conversation.")
    conversation.deleted_at = now()
    members.remove_all(conversation)
