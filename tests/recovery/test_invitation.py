"""Who gets an account from an administrator chooses the password themselves."""

import uuid
from typing import Any

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.mail import MailServer
from tests.services.people import People
from tests.services.roles import give_role

SUBJECT = "Your account at chat.example.org"
PASSWORD = "a password of my own"


@pytest.fixture
def root(people: People, database: Database) -> Account:
    return give_role(database, people.one(), "admin")


def invite(root: Account, **fields: str) -> Any:
    name = f"u{uuid.uuid4().hex[:12]}"
    return root.post("/admin/users", {"username": name, "email": f"{name}@example.org", **fields}).must(201)


def test_who_is_invited_gets_a_mail_and_chooses_a_password(people: People, root: Account, letters: MailServer):
    made = invite(root, role="agent")
    assert (made["has_password"], made["email_verified"]) == (False, False)
    mail = letters.wait_for(made["email"], SUBJECT)
    assert made["username"] in mail.text
    assert "7 days" in mail.text
    assert "/#/reset-password/" in mail.link
    anybody = Api(people.deployment.urls[-1])
    anybody.post("/auth/password/reset", {"token": mail.token, "new_password": PASSWORD}).must(204)
    me = anybody.log_in(made["username"], PASSWORD).get("/auth/me").must()
    assert (me["id"], me["role"], me["email_verified"]) == (made["id"], "agent", True)
    anybody.post("/auth/password/reset", {"token": mail.token, "new_password": PASSWORD}).error(
        422, "validation_failed"
    )


def test_who_got_a_password_gets_no_mail(root: Account, letters: MailServer):
    given, invited = invite(root, password=PASSWORD), invite(root)
    letters.wait_for(invited["email"], SUBJECT)
    assert letters.to(given["email"]) == []


def test_who_lost_the_invitation_asks_for_another_link(root: Account, letters: MailServer):
    made = invite(root)
    first = letters.wait_for(made["email"], SUBJECT).token
    Api(root.url).post("/auth/password/forgot", {"email": made["email"]}).must(202)
    second = letters.wait_for(made["email"], "Reset your password").token
    body = {"new_password": PASSWORD}
    Api(root.url).post("/auth/password/reset", body | {"token": first}).error(422, "validation_failed")
    Api(root.url).post("/auth/password/reset", body | {"token": second}).must(204)
    Api(root.url).log_in(made["username"], PASSWORD)
