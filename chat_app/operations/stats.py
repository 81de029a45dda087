"""Numbers about one's own use and, for who runs the server, about the whole of it. Each is one cheap query."""

import redis
import sqlalchemy as sa
from flask import current_app

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.extensions import db
from chat_app.messages.models import Message
from chat_app.operations.schemas import OwnStats, ServerStats
from chat_app.realtime.connections import connections
from chat_app.users.models import User

MOST_ONLINE = 100_000
"""People up to whom those online are counted."""


def own_stats(user_id: str) -> OwnStats:
    """Of one person. What they read within the last second may still count as unread."""
    unread = sa.case(
        (Conversation.last_seq > ConversationMember.read_seq, Conversation.last_seq - ConversationMember.read_seq),
        else_=0,
    )
    mine = (
        sa.select(sa.func.count().label("conversations"), sa.func.coalesce(sa.func.sum(unread), 0).label("unread"))
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .where(
            ConversationMember.user_id == user_id,
            ConversationMember.left_at.is_(None),
            Conversation.deleted_at.is_(None),
        )
    )
    row = db.session.execute(mine).one()
    return OwnStats(conversations=row.conversations, unread=int(row.unread), messages=_messages_of(user_id))


def _messages_of(user_id: str) -> int:
    """Through one's conversations, left ones too: that is how messages are indexed."""
    conversations = sa.select(ConversationMember.conversation_id).where(ConversationMember.user_id == user_id)
    sent = (
        sa.select(sa.func.count())
        .select_from(Message)
        .where(Message.conversation_id.in_(conversations), Message.sender_id == user_id)
    )
    return db.session.scalars(sent).one()


def server_stats() -> ServerStats:
    """Messages are counted by their numbers: those of living conversations, deleted ones among them."""
    living = sa.select(
        sa.func.count().label("conversations"),
        sa.func.coalesce(sa.func.sum(Conversation.last_seq), 0).label("messages"),
    ).where(Conversation.deleted_at.is_(None))
    row = db.session.execute(living).one()
    return ServerStats(
        users=count_users(),
        conversations=row.conversations,
        messages=int(row.messages),
        connections=len(connections()),
        online=_online(),
    )


def count_users() -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(User)).one()


def count_conversations() -> int:
    query = sa.select(sa.func.count()).select_from(Conversation).where(Conversation.deleted_at.is_(None))
    return db.session.scalars(query).one()


def _online() -> int | None:
    try:
        return len(current_app.extensions["presence"].store.online(MOST_ONLINE))
    except redis.RedisError:
        return None
