from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from chat_app.auth.passwords import COMMON, MIN_LENGTH, OWN_NAME, is_common, is_own_name
from chat_app.auth.permissions import SCOPES
from chat_app.schemas import Id, Input, Moment, OptionalInput, Output, Query, UtcTime, line, printable
from chat_app.users.schemas import DisplayName, Email, Me, Username

BCRYPT_LIMIT = 72


def _fits_bcrypt(value: str) -> str:
    if len(value.encode()) > BCRYPT_LIMIT:
        raise ValueError(f"must be at most {BCRYPT_LIMIT} bytes long (bcrypt reads no further)")
    return value


def _rare(value: str) -> str:
    if is_common(value):
        raise ValueError(COMMON)
    return value


NewPassword = Annotated[
    str,
    StringConstraints(min_length=MIN_LENGTH, max_length=128),
    AfterValidator(printable),
    AfterValidator(_fits_bcrypt),
    AfterValidator(_rare),
]
"""Where the account is known, its own names are refused as well (`passwords.refuse_own_name`)."""
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(printable)]
LoginName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254), AfterValidator(printable)
]


if TYPE_CHECKING:
    Scope = str
else:
    Scope = Literal[*SCOPES]
KeyName = Annotated[str, line(1, 64), AfterValidator(printable)]
_ALL_SCOPES = " ".join(f"`{name}`: {meaning}" for name, meaning in SCOPES.items())


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a time in ISO 8601, e.g. 2027-01-31T12:00:00Z")
    return value


GivenMoment = Annotated[Moment, Strict(False), BeforeValidator(_text)]
"""An instant in a body: strictness allows texts of JSON no other way."""


class Register(Input):
    username: Username
    email: Email
    password: NewPassword
    display_name: DisplayName | None = None

    @field_validator("password")
    @classmethod
    def _not_their_name(cls, value: str, info: ValidationInfo) -> str:
        if is_own_name(value, info.data.get("username", ""), info.data.get("email")):
            raise ValueError(OWN_NAME)
        return value


class Login(Input):
    username: LoginName = Field(description="The username or the e-mail address.")
    password: GivenPassword


class Refresh(OptionalInput):
    """The refresh token may stand here or as the bearer token."""

    refresh_token: str | None = Field(None, max_length=2000)


class RefreshHeaders(Query):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)

    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=16,
        max_length=128,
        description="A secret of the caller's choice, with which the same call may be repeated for a minute.",
    )


class Logout(OptionalInput):
    everywhere: bool = Field(False, description="End all of one's sessions.")


class PasswordChange(Input):
    current_password: GivenPassword
    new_password: NewPassword


class Authenticate(Input):
    token: str = Field(max_length=2000)


class TokenPair(Output):
    """A fresh access token, and the refresh token that replaces the one before."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds that the access token lives.")
    user: Me


class SessionOut(Output):
    """A device on which one is signed in."""

    id: str
    device: str = Field(description="Browser and system for people to read, e.g. `Firefox on Linux`.")
    user_agent: str
    address: str = Field(description="Where the log-in came from.")
    created_at: UtcTime
    last_used_at: UtcTime = Field(description="Its last refresh: right to about the life of an access token.")
    expires_at: UtcTime
    current: bool = Field(description="Whether this is the session that asks.")


class SessionPath(Query):
    session_id: Id


class ApiKeyOut(Output):
    id: str
    name: str
    prefix: str = Field(description="How the key begins.")
    scopes: list[str]
    created_at: UtcTime
    last_used_at: UtcTime | None = Field(description="To the minute.")
    expires_at: UtcTime | None


class NewApiKey(Input):
    name: KeyName = Field(description="What it is for.")
    scopes: list[Scope] = Field(min_length=1, max_length=len(SCOPES), description=_ALL_SCOPES)
    expires_at: GivenMoment | None = Field(None, description="null: never.")


class MadeApiKey(ApiKeyOut):
    key: str = Field(description="The key itself. It is shown this once; only its hash is stored.")


class ApiKeyPath(Query):
    key_id: Id


class ActivityOut(Output):
    """A security event of one's own account. What somebody else did to it says nothing about them."""

    id: str
    at: UtcTime
    action: str = Field(description="E.g. `auth.login`, `auth.login_failed`, `api_key.created`, `user.role_changed`.")
    address: str
    user_agent: str
    detail: dict[str, Any]
