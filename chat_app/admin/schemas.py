from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.auth.permissions import ServerRole
from chat_app.auth.schemas import NewPassword
from chat_app.schemas import Input, Output, PageQuery, UtcTime, printable
from chat_app.users.schemas import DisplayName, Email, Me, Username

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(printable)
]
PlanName = Annotated[str, StringConstraints(max_length=32), AfterValidator(printable)]


class ManagedUser(Me):
    """An account as administrators see it."""

    banned_at: UtcTime | None
    ban_reason: str | None


class ManagedUserList(PageQuery):
    q: str = Field("", max_length=64, description="Part of the username or display name.")
    role: ServerRole | None = None
    plan: PlanName | None = None
    banned: bool | None = Field(None, description="Only those who are banned, or only the others.")


class NewUser(Input):
    """Without a password, the person gets a mail with a link to choose one."""

    username: Username
    email: Email
    password: NewPassword | None = None
    display_name: DisplayName | None = None
    role: ServerRole = "member"


class UserUpdate(Input):
    """Addresses and passwords are left out on purpose: nobody but their owner changes them."""

    role: ServerRole | None = None
    plan: PlanName | None = None
    display_name: DisplayName | None = None


class Ban(Input):
    reason: Reason = Field(description="For the audit log and other administrators.")


class RoleOut(Output):
    role: str
    permissions: list[str]


class RoleList(Output):
    items: list[RoleOut]
