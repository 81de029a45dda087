from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chat_app.auth.schemas import NewPassword
from chat_app.schemas import Input, Output, printable
from chat_app.users.schemas import Email

MailedToken = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
    Field(description="What follows the last `/` of the link in the mail."),
]


class ForgottenPassword(Input):
    email: Email


class PasswordReset(Input):
    token: MailedToken
    new_password: NewPassword


class EmailVerification(Input):
    token: MailedToken


class Accepted(Output):
    """The mail leaves in a moment, if there is anybody to send it to."""
