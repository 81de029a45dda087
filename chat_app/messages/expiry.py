"""Messages past their time (RETENTION_DAYS): they become tombstones, as if their senders had deleted them."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from chat_app.conversations.models import Conversation
from chat_app.db import now
from chat_app.extensions import db
from chat_app.messages.changes import make_tombstone
from chat_app.messages.models import Message


def expired_messages() -> sa.Select[Any]:
    """The ids of messages past their time; none when they are kept for good."""
    days: int = current_app.config["SETTINGS"].retention_days
    query = sa.select(Message.id).where(Message.deleted_at.is_(None))
    return query.where(Message.created_at < now() - timedelta(days=days) if days else sa.false())


def expire(message_ids: list[str]) -> int:
    """Make tombstones of them; their conversations' members are told after the commit. Returns how many."""
    conversations = {
        conversation.id: conversation
        for conversation in db.session.scalars(
            sa.select(Conversation)
            .where(
                Conversation.id.in_(sa.select(Message.conversation_id).where(Message.id.in_(message_ids))),
            )
            .order_by(Conversation.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    messages = db.session.scalars(
        sa.select(Message)
        .where(Message.id.in_(message_ids), Message.deleted_at.is_(None))
        .order_by(Message.conversation_id, Message.seq)
        .execution_options(populate_existing=True)
    ).all()
    for message in messages:
        make_tombstone(conversations[message.conversation_id], message)
    return len(messages)
