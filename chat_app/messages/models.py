from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id


class Message(Model):
    """One message. `seq` never changes; `change` is the conversation's counter at its last change.

    `body_hash` is a digest of what was sent first: a repeated `client_msg_id` with another body is a
    conflict, also after an edit or a deletion.
    """

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("conversations.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    change: Mapped[int] = mapped_column(sa.BigInteger)
    sender_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id"))
    client_msg_id: Mapped[str] = mapped_column(sa.String(64))
    type: Mapped[str] = mapped_column(sa.String(16))
    content: Mapped[str] = mapped_column(sa.Text)
    reply_to_id: Mapped[str | None] = mapped_column(Uuid)
    body_hash: Mapped[str] = mapped_column(sa.CHAR(32))
    meta: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default=sa.text("('{}')"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "seq", name="uq_messages_seq"),
        sa.UniqueConstraint("conversation_id", "sender_id", "client_msg_id", name="uq_messages_client_msg_id"),
        sa.Index("ix_messages_change", "conversation_id", "change"),
    )


class Reaction(Model):
    """One person's emoji on one message."""

    __tablename__ = "message_reactions"

    message_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    emoji: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
