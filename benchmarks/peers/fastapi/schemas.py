"""What comes in and what goes out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SendMessage(Input):
    conversation_id: UUID
    client_msg_id: str = Field(min_length=1, max_length=64)
    content: str = Field(min_length=1, max_length=20_000)
    reply_to_id: UUID | None = None


class Mark(Input):
    conversation_id: UUID
    seq: int = Field(ge=0)


class Sync(Input):
    epoch: str | None = None
    conversations: dict[UUID, int] = {}
    limit: int = Field(1000, ge=1, le=1000)


class Output(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ReactionOut(Output):
    emoji: str
    count: int
    user_ids: list[str]


class MessageOut(Output):
    id: str
    conversation_id: str
    seq: int
    change: int
    sender_id: str
    client_msg_id: str
    type: str
    content: str
    reply_to_id: str | None
    attachments: list[dict[str, Any]] = []
    reactions: list[ReactionOut] = []
    meta: dict[str, Any]
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None

    @field_validator("reactions", mode="before")
    @classmethod
    def _grouped(cls, rows: list[Any]) -> list[dict[str, Any]]:
        people: dict[str, list[str]] = {}
        for row in rows:
            people.setdefault(row.emoji, []).append(row.user_id)
        return [{"emoji": emoji, "count": len(ids), "user_ids": ids[:100]} for emoji, ids in people.items()]


class Page(BaseModel):
    items: list[MessageOut]
    next_cursor: str | None
    prev_cursor: str | None


class ConversationOut(Output):
    id: str
    kind: str
    title: str | None
    last_seq: int
    last_change: int
    member_count: int
    created_at: datetime
    updated_at: datetime
