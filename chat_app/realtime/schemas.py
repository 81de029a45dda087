from typing import Literal

from pydantic import Field

from chat_app.schemas import Output, UtcTime


class Acknowledgement(Output):
    """The event was done."""

    ok: Literal[True] = True


class Prolonged(Acknowledgement):
    """The socket lives on until then."""

    expires_at: UtcTime


class Ready(Output):
    """The socket is in the rooms of all its conversations: the client's cue to `sync`. May come again later, then
    pushes may have been lost. With another `epoch` than the one a client knows it starts afresh."""

    user_id: str
    session_id: str
    epoch: str
    server_time: UtcTime
    expires_at: UtcTime = Field(description="When the access token ends; `authenticate` prolongs it.")


class SessionEnded(Output):
    """Why the server closes the socket right after."""

    code: Literal["token_expired", "token_revoked", "logged_out", "banned"]


class UserChanged(Output):
    """One's own account was changed, on another device or by an administrator: `GET /auth/me` has it as it now is."""

    id: str


class TypingOut(Output):
    """Somebody began or stopped typing; without news for some seconds they have stopped."""

    conversation_id: str
    user_id: str
    on: bool
