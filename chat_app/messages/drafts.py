"""What goes into the message writer and what comes out of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from chat_app.db import now
from chat_app.ids import new_id
from chat_app.messages.wire import Wire
from chat_app.schemas import utc_text


@dataclass(slots=True)
class Draft:
    """A validated message that is not stored yet."""

    conversation_id: str
    sender_id: str
    client_msg_id: str
    content: str
    type: str = "text"
    reply_to_id: str | None = None
    id: str = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)
    attachment_ids: tuple[str, ...] = ()
    """Uploads; a draft that has some is stored by `attachments.py`, not by a batch."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same message for ever."""
        return self.conversation_id, self.sender_id, self.client_msg_id

    def body_hash(self) -> str:
        """A digest of everything that the sender chose; 32 hexadecimal digits."""
        body = "\x00".join((self.type, self.reply_to_id or "", self.content, *self.attachment_ids))
        return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()

    def to_wire(self, seq: int, change: int) -> Wire:
        """The message as it was just stored."""
        return {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "seq": seq,
            "change": change,
            "sender_id": self.sender_id,
            "client_msg_id": self.client_msg_id,
            "type": self.type,
            "content": self.content,
            "reply_to_id": self.reply_to_id,
            "meta": {},
            "created_at": utc_text(self.created_at),
            "edited_at": None,
            "deleted_at": None,
            "attachments": [],
            "reactions": [],
        }


class Status(IntEnum):
    """What became of one row of a batch."""

    STORED = 0
    KNOWN = 1
    NOT_A_MEMBER = 2
    BAD_REPLY = 3
    READ_ONLY = 4


class Outcome(NamedTuple):
    """`seq`, `change` and `members_rev` when stored; `message_id` and `body_hash` of the first when known."""

    status: Status
    seq: int = 0
    change: int = 0
    members_rev: int = 0
    message_id: str | None = None
    body_hash: str | None = None


Outcomes = dict[int, Outcome]
"""By position in the batch."""
