"""The tables as the product's migrations make them, and how they are reached."""

import os
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, String, Text, Uuid, func
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

Key = Uuid(as_uuid=False)
Moment = DateTime(timezone=True)


class Base(DeclarativeBase):
    pass


class ServerState(Base):
    __tablename__ = "server_state"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(Key, primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    plan: Mapped[str] = mapped_column(ForeignKey("plans.name"))
    banned_at: Mapped[datetime | None] = mapped_column(Moment)


class Plan(Base):
    __tablename__ = "plans"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    requests_per_minute: Mapped[int]


class AuthSession(Base):
    __tablename__ = "auth_sessions"
    id: Mapped[str] = mapped_column(Key, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(String(120))
    last_seq: Mapped[int] = mapped_column(BigInteger)
    last_change: Mapped[int] = mapped_column(BigInteger)
    member_count: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class Member(Base):
    __tablename__ = "conversation_members"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    delivered_seq: Mapped[int] = mapped_column(BigInteger)
    read_seq: Mapped[int] = mapped_column(BigInteger)
    left_at: Mapped[datetime | None] = mapped_column(Moment)
    archived_at: Mapped[datetime | None] = mapped_column(Moment)
    conversation: Mapped[Conversation] = relationship()


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[str] = mapped_column(Key, primary_key=True, insert_default=func.uuidv7())
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    change: Mapped[int] = mapped_column(BigInteger)
    sender_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    client_msg_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text)
    reply_to_id: Mapped[str | None] = mapped_column(Key)
    meta: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Moment, default=lambda: datetime.now(UTC))
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    reactions: Mapped[list["Reaction"]] = relationship(order_by="Reaction.created_at")


class Reaction(Base):
    __tablename__ = "message_reactions"
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    emoji: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)


engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=16, max_overflow=0
)
Session = async_sessionmaker(engine, expire_on_commit=False)
