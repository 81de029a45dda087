from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chat_app.messages.schemas import MessageOut
from chat_app.realtime.schemas import Acknowledgement
from chat_app.schemas import Id, Input, Output, PageQuery, Query, UtcTime, line, printable
from chat_app.users.schemas import UserOut

Kind = Literal["private", "group", "room"]
Role = Literal["owner", "moderator", "member", "read_only"]
Title = Annotated[str, line(1, 120), AfterValidator(printable)]
MAX_GROUP = 1000
"""People that one request may name; a group grows beyond it by further requests."""


class ConversationOut(Output):
    """A conversation as one of its members sees it: `my_role`, the watermarks, `unread` and `archived_at` are theirs.

    `unread` is `last_seq - read_seq`; sending a message moves one's own `read_seq` to it.
    """

    id: str
    kind: Kind
    title: str | None = Field(description="null: a private chat, which is called by its `peer`.")
    last_seq: int = Field(description="`seq` of the latest message.")
    last_change: int = Field(description="Grows with every change of a message; what `sync` counts by.")
    my_role: Role | None = Field(description="null: a room that one is not in.")
    delivered_seq: int = Field(description="Everything up to it has reached a device of theirs.")
    read_seq: int
    unread: int
    member_count: int
    peer: UserOut | None = Field(description="The other person of a private chat.")
    last_message: MessageOut | None
    archived_at: UtcTime | None
    created_at: UtcTime
    updated_at: UtcTime


class ConversationState(Output):
    """Of a conversation without new messages: what may have changed without one."""

    title: str | None
    my_role: Role
    member_count: int
    archived_at: UtcTime | None
    delivered_seq: int
    read_seq: int


class SyncOut(Output):
    """What a client lacks. Afterwards it keeps `epoch` and `changes`, and calls again while `more` is true."""

    epoch: str
    conversations: list[ConversationOut] = Field(description="New ones, and those that changed.")
    messages: list[MessageOut] = Field(description="Those with a `change` above the given one, in order.")
    removed: list[str] = Field(description="Conversations that one is not in any more.")
    reset: list[str] = Field(description="Conversations whose history is to be loaded anew.")
    more: bool
    changes: dict[str, int] = Field(description="The `change` to keep, for each conversation in `conversations`.")
    unchanged: dict[str, ConversationState] = Field(description="The others, by id.")


class SyncAcknowledgement(SyncOut, Acknowledgement):
    pass


class ConversationRemoved(Output):
    """`id` and `conversation_id` are the same."""

    id: str
    conversation_id: str


class MemberOut(Output):
    user: UserOut
    role: Role
    delivered_seq: int
    read_seq: int
    joined_at: UtcTime


class ConversationPath(Query):
    conversation_id: Id


class MemberPath(ConversationPath):
    user_id: Id


class ConversationList(PageQuery):
    kind: Kind | None = None
    q: str = Field("", max_length=120, description="Part of the title, or of the other person's name.")
    archived: bool = False
    unread: bool = Field(False, description="Only those with unread messages.")


class RoomList(PageQuery):
    q: str = Field("", max_length=120, description="Part of the title.")


class NewConversation(Input):
    """`private` names exactly one other person; `group` and `room` need a title."""

    kind: Kind = "group"
    title: Title | None = None
    member_ids: list[Id] = Field([], max_length=MAX_GROUP)


class ConversationUpdate(Input):
    title: Title | None = Field(None, description="Owners and moderators rename it for everybody.")
    archived: bool | None = Field(None, description="Hide it from one's own list, or show it again.")


class NewMembers(Input):
    user_ids: list[Id] = Field(min_length=1, max_length=100)
    role: Literal["moderator", "member", "read_only"] = "member"


class MemberUpdate(Input):
    role: Role
