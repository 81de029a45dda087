"""An address is verified by a mailed link, and no longer counts as verified once it is changed."""

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.mail import MailServer
from tests.services.people import People

SUBJECT = "Confirm your address"


def address_of(person: Account) -> str:
    return f"{person.username}@example.org"


def is_verified(person: Account) -> bool:
    return bool(person.get("/auth/me").must()["email_verified"])


def verify(person: Account, token: str):
    return Api(person.url).post("/auth/email/verify", {"token": token})


def verified(person: Account, letters: MailServer) -> Account:
    verify(person, letters.wait_for(address_of(person), SUBJECT).token).must(204)
    return person


def test_a_new_account_is_asked_to_verify_its_address(people: People, letters: MailServer, database: Database):
    ada = people.one()
    assert not is_verified(ada)
    mail = letters.wait_for(address_of(ada), SUBJECT)
    assert "/#/verify-email/" in mail.link
    assert "24 hours" in mail.text
    verify(ada, mail.token).must(204)
    assert is_verified(ada)
    verify(ada, mail.token).error(422, "validation_failed")
    actions = database.rows("SELECT action FROM audit_events WHERE target_id = :id", id=ada.id)
    assert "auth.email_verified" in [action for (action,) in actions]


def test_another_link_is_mailed_on_request_until_the_address_is_verified(people: People, letters: MailServer):
    ada = people.one()
    first = letters.wait_for(address_of(ada), SUBJECT).token
    assert ada.post("/auth/email/verification").must(202) == {}
    second = letters.wait_for(address_of(ada), SUBJECT, nth=2).token
    assert verify(ada, first).error(422, "validation_failed")["errors"][0]["field"] == "token"
    verify(ada, second).must(204)
    assert "verified already" in ada.post("/auth/email/verification").error(409, "conflict")["detail"]


def test_three_links_an_hour_are_enough(people: People, letters: MailServer):
    ada = people.one()
    letters.wait_for(address_of(ada), SUBJECT)
    for nth in (2, 3):
        ada.post("/auth/email/verification").must(202)
        letters.wait_for(address_of(ada), SUBJECT, nth=nth)
    answer = ada.post("/auth/email/verification")
    answer.error(429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 1


def test_only_the_person_may_ask_and_needs_an_address(people: People, letters: MailServer, database: Database):
    ada = people.one()
    letters.wait_for(address_of(ada), SUBJECT)
    Api(ada.url).post("/auth/email/verification").error(401, "unauthorized")
    database.change("UPDATE users SET email = NULL, email_key = NULL WHERE id = :id", id=ada.id)
    assert "no e-mail address" in ada.post("/auth/email/verification").error(409, "conflict")["detail"]


def test_a_changed_address_has_to_be_verified_again(people: People, letters: MailServer):
    ada = verified(people.one(), letters)
    new = f"new-{address_of(ada)}"
    assert ada.patch("/auth/me", {"email": new}).must()["email_verified"] is False
    notice = letters.wait_for(address_of(ada), "was changed")
    assert new not in notice.text
    assert "://" not in notice.text
    verify(ada, letters.wait_for(new, SUBJECT).token).must(204)
    assert is_verified(ada)


def test_a_link_verifies_only_the_address_it_was_mailed_to(people: People, letters: MailServer):
    ada = people.one()
    old = letters.wait_for(address_of(ada), SUBJECT).token
    new = f"new-{address_of(ada)}"
    ada.patch("/auth/me", {"email": new}).must()
    verify(ada, old).error(422, "validation_failed")
    letters.wait_for(new, SUBJECT)
    assert not is_verified(ada)
    # It was never verified: whoever has it is no business of this account's.
    assert letters.to(address_of(ada), "was changed") == []


def test_the_same_address_in_other_letters_stays_verified(people: People, letters: MailServer):
    ada = verified(people.one(), letters)
    assert ada.patch("/auth/me", {"email": address_of(ada).upper()}).must()["email_verified"] is True


@pytest.mark.parametrize("wrong", ["/auth/email/verify", "/auth/password/reset"])
def test_a_link_is_good_for_one_purpose(people: People, letters: MailServer, wrong: str):
    ada = people.one()
    purpose = "Reset your password" if "email" in wrong else SUBJECT
    Api(ada.url).post("/auth/password/forgot", {"email": address_of(ada)}).must(202)
    token = letters.wait_for(address_of(ada), purpose).token
    body = {"token": token} if "email" in wrong else {"token": token, "new_password": "a better battery"}
    Api(ada.url).post(wrong, body).error(422, "validation_failed")


def test_an_expired_link_verifies_nothing(people: People, letters: MailServer, database: Database):
    ada = people.one()
    token = letters.wait_for(address_of(ada), SUBJECT).token
    database.change("UPDATE one_time_tokens SET expires_at = CURRENT_TIMESTAMP WHERE user_id = :id", id=ada.id)
    verify(ada, token).error(422, "validation_failed")
    assert not is_verified(ada)


def test_notices_of_changed_passwords_do_not_fill_a_letter_box(people: People, letters: MailServer):
    ada = people.one()
    for n in range(7):
        current = ada.password if n == 0 else f"a better battery {n}"
        body = {"current_password": current, "new_password": f"a better battery {n + 1}"}
        ada.post("/auth/password", body).must(204)
    grace = people.one()
    grace.post("/auth/password", {"current_password": grace.password, "new_password": "a better battery"}).must(204)
    letters.wait_for(address_of(grace), "was changed")
    assert 1 <= len(letters.to(address_of(ada), "was changed")) <= 5
