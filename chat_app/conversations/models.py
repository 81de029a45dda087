from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id


class Conversation(Model):
    """A conversation and its counters.

    `last_seq` numbers messages and `last_change` every change of a message; both only grow, under the row's
    lock. `members_rev` grows with every change of the membership: what is delivered carries it, so that a
    process notices that its picture of the members is old (docs/membership.md).
    """

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(sa.String(16))
    title: Mapped[str | None] = mapped_column(sa.String(120))
    pair_key: Mapped[str | None] = mapped_column(sa.String(73), unique=True)
    """Of a private chat: both user ids in order, so that there is one chat per pair."""
    last_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    last_change: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    members_rev: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    member_count: Mapped[int] = mapped_column(sa.Integer, default=0)
    created_by: Mapped[str | None] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Set when the owner deletes it: nobody is a member any more; a job removes the rows later."""

    __table_args__ = (sa.Index("ix_conversations_kind_title", "kind", "title"),)


class ConversationMember(Model):
    """Somebody's place in a conversation; the row stays when they leave (`left_at`).

    `delivered_seq` and `read_seq` are watermarks: everything up to them was delivered or read.
    """

    __tablename__ = "conversation_members"

    conversation_id: Mapped[str] = mapped_column(
        Uuid, sa.ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(16), default="member")
    delivered_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    read_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    """Left because somebody removed them: they come back by invitation only."""
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.Index("ix_conversation_members_user_id", "user_id", "left_at"),)
