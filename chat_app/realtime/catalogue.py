"""Every event that the server sends, with its model. What emits does not validate, as every message to everybody
passes there: `publish` and its neighbours send plain dictionaries, and the tests hold all that sockets receive
against this catalogue. The events of clients are declared in the domains' `events.py`, which are imported here.
"""

from typing import NamedTuple

from chat_app.conversations.schemas import ConversationOut, ConversationRemoved
from chat_app.messages import events as _messages  # noqa: F401
from chat_app.messages.schemas import MessageOut
from chat_app.presence import events as _presence  # noqa: F401
from chat_app.presence.schemas import PresenceOut
from chat_app.realtime import sessions as _sessions  # noqa: F401
from chat_app.realtime import typing as _typing  # noqa: F401
from chat_app.realtime.namespaces import Events, chat, presence
from chat_app.realtime.publish import CHAT, PRESENCE
from chat_app.realtime.schemas import Ready, SessionEnded, TypingOut, UserChanged
from chat_app.receipts import events as _receipts  # noqa: F401
from chat_app.receipts.schemas import ReceiptOut
from chat_app.schemas import Output
from chat_app.uploads.schemas import UploadOut


class Outbound(NamedTuple):
    model: type[Output]
    about: str


INBOUND: dict[str, Events] = {CHAT: chat, PRESENCE: presence}
_ENDED = Outbound(SessionEnded, "The session ended; the server closes the socket.")
OUTBOUND: dict[str, dict[str, Outbound]] = {
    CHAT: {
        "ready": Outbound(Ready, "The socket is set up; or pushes may have been lost. Sync."),
        "message": Outbound(MessageOut, "A new message. It may come more than once: `id` tells."),
        "message_changed": Outbound(MessageOut, "A message as it now is: edited, deleted, or with other reactions."),
        "receipt": Outbound(ReceiptOut, "How far somebody has received and read."),
        "typing": Outbound(TypingOut, "Somebody began or stopped typing."),
        "conversation_changed": Outbound(ConversationOut, "A conversation as it now is, or a new one."),
        "conversation_removed": Outbound(ConversationRemoved, "One is not in this conversation any more."),
        "upload_changed": Outbound(UploadOut, "A file is ready or has failed: one's own, or one in a conversation."),
        "user_changed": Outbound(UserChanged, "One's own profile, role or plan is another."),
        "session_ended": _ENDED,
    },
    PRESENCE: {
        "presence": Outbound(PresenceOut, "Somebody whom the socket watches came, went or is away."),
        "session_ended": _ENDED,
    },
}
"""Namespace → event → what it carries."""
