from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, StringConstraints

from chat_app.schemas import Id, Input, Output, PageQuery, Query, UtcTime, line, pattern, printable
from chat_app.users.models import HUES

MAX_IDS = 50
"""People who are asked for by their ids at once; more would not fit into the address of a request."""
Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=32),
    pattern(
        r"^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$",
        "may hold letters, digits, dots, hyphens and underscores, and begins and ends with a letter or a digit",
    ),
]
DisplayName = Annotated[str, line(1, 64), AfterValidator(printable)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(printable)]
Email = Annotated[EmailStr, Field(max_length=254)]


class UserOut(Output):
    """A person as others see them."""

    id: str
    username: str
    display_name: str
    role: str
    description: str | None
    avatar_url: str | None
    avatar_hue: int | None = Field(description="Colour of the avatar when there is no picture; null: by the id.")
    last_seen_at: UtcTime | None
    created_at: UtcTime


class Me(UserOut):
    """A person as they see themselves."""

    email: str | None
    email_verified: bool = Field(description="Whether mail to this address has reached them.")
    plan: str
    permissions: list[str] = Field(description="What their role allows on this server.")
    has_password: bool = Field(description="Whether they can sign in with a password.")


class UserPath(Query):
    user_id: Id


class UserSearch(PageQuery):
    q: str = Field("", max_length=64, description="Part of a username or display name.")
    ids: list[Id] = Field(
        [], max_length=MAX_IDS, description="Exactly these people, those who exist; the other parameters do not count."
    )


class AvatarPath(Query):
    avatar_id: UUID


class ProfileUpdate(Input):
    """What is left out stays as it is."""

    display_name: DisplayName | None = None
    email: Email | None = None
    description: Description | None = Field(None, description="May have several lines; null or empty: none.")
    avatar_hue: int | None = Field(None, ge=0, lt=HUES, description="null: derived from the id.")


ExternalId = Annotated[str, line(1, 255), AfterValidator(printable)]
WebAddress = Annotated[
    str, StringConstraints(max_length=500), pattern(r"^https?://[^\s<>\"]+$", "must be an https:// or http:// address")
]


class EnsureUser(Input):
    """Somebody of another system, by that system's own id. `role` counts only when the account is made."""

    id: ExternalId
    role: Literal["member", "buyer", "merchant", "agent"]
    username: DisplayName | None = Field(None, description="A name to show; made up if left out.")
    avatar: WebAddress | None = Field(None, description="Address of a picture.")
    description: Description | None = None


class EnsureUsers(Input):
    users: list[EnsureUser] = Field(min_length=1, max_length=200)


class EnsuredUser(UserOut):
    external_id: str
    created: bool = Field(description="Whether this call made the account.")


class EnsuredUsers(Output):
    items: list[EnsuredUser]
