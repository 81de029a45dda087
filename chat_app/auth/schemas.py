from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.schemas import Input, OptionalInput, Output, printable
from chat_app.users.schemas import DisplayName, Email, Me, Username

BCRYPT_LIMIT = 72


def _fits_bcrypt(value: str) -> str:
    if len(value.encode()) > BCRYPT_LIMIT:
        raise ValueError(f"must be at most {BCRYPT_LIMIT} bytes long (bcrypt reads no further)")
    return value


NewPassword = Annotated[
    str, StringConstraints(min_length=8, max_length=128), AfterValidator(printable), AfterValidator(_fits_bcrypt)
]
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(printable)]
LoginName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254), AfterValidator(printable)
]


class Register(Input):
    username: Username
    email: Email
    password: NewPassword
    display_name: DisplayName | None = None


class Login(Input):
    username: LoginName = Field(description="The username or the e-mail address.")
    password: GivenPassword


class Refresh(OptionalInput):
    """The refresh token may stand here or as the bearer token."""

    refresh_token: str | None = Field(None, max_length=2000)


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
