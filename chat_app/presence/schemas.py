from typing import Literal

from pydantic import Field

from chat_app.realtime.schemas import Acknowledgement
from chat_app.schemas import Id, Input, Output, UtcTime

MAX_WATCHED = 1000
"""People that one socket may watch."""


class Watch(Input):
    """Watch these people too; unseen ones are left out of the answer without a word."""

    user_ids: list[Id] = Field(max_length=500)


class SetStatus(Input):
    status: Literal["online", "away"]


class PresenceOut(Output):
    """Whether somebody is there; the liveliest of their devices counts."""

    user_id: str
    status: Literal["online", "away", "offline"]
    last_seen: UtcTime | None


class WatchAcknowledgement(Acknowledgement):
    presence: list[PresenceOut] = Field(description="Those of them whom one may see, as they are now.")
