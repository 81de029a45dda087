from typing import Literal

from pydantic import Field

from chat_app.schemas import Id, Input, Output, UtcTime

MAX_WATCHED = 1000
"""People that one socket may watch."""


class Watch(Input):
    """Watch these people too; unseen ones are left out of the answer without a word."""

    user_ids: list[Id] = Field(max_length=500)


class SetStatus(Input):
    status: Literal["online", "away"]


class PresenceOut(Output):
    user_id: str
    status: Literal["online", "away", "offline"]
    last_seen: UtcTime | None
