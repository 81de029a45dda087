from typing import Annotated, Any, Literal

import emoji as emoji_data
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from chat_app.realtime.schemas import Acknowledgement
from chat_app.schemas import Id, Input, Output, Query, Seq, Text, UtcTime, pattern, printable
from chat_app.uploads.schemas import UploadOut

MAX_ATTACHMENTS = 10
CLIENT_MSG_ID = r"^[\x21-\x7e]{1,64}$"


def _one_emoji(value: str) -> str:
    if not emoji_data.is_emoji(value):
        raise ValueError("must be exactly one emoji")
    return value


def _not_blank(value: str, info: ValidationInfo) -> str:
    if not value.strip() and not info.data.get("attachment_ids"):
        raise ValueError("must not be blank")
    return value


def _of_attachments(value: str, info: ValidationInfo) -> str:
    if value != "text" and not info.data.get("attachment_ids"):
        raise ValueError("must be text where there are no attachments")
    return value


def _each_once(value: list[str]) -> list[str]:
    if len(set(value)) < len(value):
        raise ValueError("names an upload twice")
    return value


ClientMsgId = Annotated[str, pattern(CLIENT_MSG_ID, "must be 1 to 64 printable ASCII characters without spaces")]
Content = Annotated[str, StringConstraints(min_length=1), AfterValidator(printable), AfterValidator(_not_blank)]
"""Of a message with attachments it may be blank; of others not."""
Emoji = Annotated[str, StringConstraints(min_length=1, max_length=32), AfterValidator(_one_emoji)]


class ReactionOut(Output):
    emoji: str
    count: int
    user_ids: list[str] = Field(description="The first hundred who reacted so.")


class MessageOut(Output):
    """A message. Once deleted, its `content` is empty and `deleted_at` is set; `seq` never changes."""

    id: str
    conversation_id: str
    seq: int = Field(description="Its place in the conversation: 1, 2, 3 … without a gap.")
    change: int = Field(description="The conversation's `last_change` when this message last changed.")
    sender_id: str
    client_msg_id: str = Field(description="The sender's own key.")
    type: str
    content: str
    reply_to_id: str | None
    attachments: list[UploadOut]
    reactions: list[ReactionOut]
    meta: dict[str, Any]
    created_at: UtcTime
    edited_at: UtcTime | None
    deleted_at: UtcTime | None


class MessageAcknowledgement(Acknowledgement):
    """The message as it now is."""

    message: MessageOut


class ReaderOut(Output):
    """Somebody who has read a message: `read_seq` is how far they have read."""

    user_id: str
    read_seq: int


class MessageBody(Input):
    """What a message is made of. Content longer than MAX_MESSAGE_LENGTH is refused as `payload_too_large`."""

    # Attachments first: what content and type may be depends on whether there are any.
    attachment_ids: Annotated[list[Id], AfterValidator(_each_once)] = Field(
        [], max_length=MAX_ATTACHMENTS, description="One's own uploads that are in no message yet."
    )
    content: Annotated[Text, AfterValidator(_not_blank)] = Field(
        description="May be blank where there are attachments."
    )
    type: Annotated[Literal["text", "image", "file"], AfterValidator(_of_attachments)] = Field(
        "text", description="With attachments the server says image or file by itself."
    )
    reply_to_id: Id | None = None


class SendMessage(MessageBody):
    """`send_message`. `client_msg_id` is the sender's own key, unique for ever within the conversation:
    repeating it with the same body answers the first message, with another body `conflict`."""

    conversation_id: Id
    client_msg_id: ClientMsgId


class NewMessage(MessageBody):
    """The same over REST, where the key may be left out (then a retry may store it twice)."""

    client_msg_id: ClientMsgId | None = None


class NewMessageAnywhere(NewMessage):
    conversation_id: Id
    role: Literal["user"] = "user"


class EditBody(Input):
    content: Content


class EditMessage(EditBody):
    message_id: Id


class DeleteMessage(Input):
    message_id: Id


class React(Input):
    message_id: Id
    emoji: Emoji
    on: bool


class MessagePath(Query):
    message_id: Id


class ReactionPath(MessagePath):
    emoji: Emoji


class ChatHistoryPath(Query):
    chat_type: Literal["private", "group", "room"]
    chat_id: Id


class HistoryQuery(Query):
    """At most one of `cursor`, `before_seq`, `after_seq`, `around_seq`; none asks for the latest page."""

    limit: int = Field(50, ge=1, le=100, description="Most items in the answer.")
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` or `prev_cursor` of an earlier answer.")
    before_seq: Seq | None = Field(None, description="What was said before this message.")
    after_seq: Seq | None = Field(None, description="What was said after it.")
    around_seq: Seq | None = Field(None, description="What was said before and after it, and itself.")


class Sync(Input):
    """What a client holds: the epoch and, for each conversation it knows, the `change` up to which it is complete."""

    epoch: str | None = Field(None, max_length=64)
    conversations: dict[Id, Seq] = Field({}, max_length=20_000)
    limit: int | None = Field(None, ge=1, le=1000, description="Most messages in the answer.")
