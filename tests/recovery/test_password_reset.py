"""A forgotten password is replaced by a mailed link, which works once, for a while, for its account alone."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from tests.recovery.conftest import PUBLIC_URL, logs
from tests.services.api import PASSWORD, Account, Answer, Api
from tests.services.database import Database
from tests.services.mail import MailServer, Received
from tests.services.people import People
from tests.services.waiting import eventually

NEW = "a better battery"
SUBJECT = "Reset your password"


def address_of(person: Account) -> str:
    return f"{person.username}@example.org"


def forget(person: Account, email: str = "") -> Answer:
    return Api(person.url).post("/auth/password/forgot", {"email": email or address_of(person)})


def mailed_link(person: Account, letters: MailServer, *, nth: int = 1) -> Received:
    forget(person).must(202)
    return letters.wait_for(address_of(person), SUBJECT, nth=nth)


def reset(person: Account, token: str, new_password: str = NEW) -> Answer:
    return Api(person.url).post("/auth/password/reset", {"token": token, "new_password": new_password})


def refused(answer: Answer, field: str = "token") -> str:
    (error,) = answer.error(422, "validation_failed")["errors"]
    assert error["field"] == field
    return str(error["message"])


def test_a_forgotten_password_is_replaced(people: People, letters: MailServer, database: Database):
    ada = people.one()
    phone = ada.second_device().at(people.deployment.urls[-1])
    open_sockets = [people.chat(ada), people.chat(phone)]

    assert forget(ada, address_of(ada).upper()).must(202) == {}
    mail = letters.wait_for(address_of(ada), SUBJECT)
    assert mail.link == f"{PUBLIC_URL}/#/reset-password/{mail.token}"
    assert "chat.example.org" in mail.subject
    assert "30 minutes" in mail.text
    assert mail.token in mail.html
    reset(ada, mail.token).must(204)

    for device, socket in zip((ada, phone), open_sockets, strict=True):
        assert socket.wait_for("session_ended", timeout=1) == {"code": "token_revoked"}
        socket.wait_for("disconnect", timeout=1)
        device.get("/auth/me").error(401, "token_revoked")
        device.post("/auth/refresh", {"refresh_token": device.refresh_token}).error(401, "token_revoked")
    ada.post("/auth/login", {"username": ada.username, "password": PASSWORD}).error(401, "invalid_credentials")
    again = ada.log_in(ada.username, NEW)
    assert again.get("/auth/me").must()["email_verified"] is True
    refused(reset(ada, mail.token))
    notice = letters.wait_for(address_of(ada), "was changed")
    assert "://" not in notice.text
    actions = database.rows("SELECT action FROM audit_events WHERE target_id = :id ORDER BY id", id=ada.id)
    assert "auth.password_reset" in [action for (action,) in actions]


def test_of_twenty_at_once_one_sets_the_password(people: People, letters: MailServer):
    ada = people.one()
    token = mailed_link(ada, letters).token
    passwords = [f"a better battery {n}" for n in range(20)]
    urls = people.deployment.urls * 10
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda job: reset(ada.at(job[0]), token, job[1]), zip(urls, passwords, strict=False)))
    won = [password for answer, password in zip(answers, passwords, strict=False) if answer.status == 204]
    assert len(won) == 1
    assert {answer.status for answer in answers} == {204, 422}
    ada.log_in(ada.username, won[0])


def test_a_newer_link_ends_the_one_before(people: People, letters: MailServer):
    ada = people.one()
    first = mailed_link(ada, letters).token
    second = mailed_link(ada, letters, nth=2).token
    refused(reset(ada, first))
    reset(ada, second).must(204)


def test_an_old_link_does_not_work(people: People, letters: MailServer, database: Database):
    ada = people.one()
    token = mailed_link(ada, letters).token
    database.change("UPDATE one_time_tokens SET expires_at = CURRENT_TIMESTAMP WHERE user_id = :id", id=ada.id)
    refused(reset(ada, token))
    ada.log_in(ada.username, PASSWORD)


def test_a_changed_password_ends_the_links(people: People, letters: MailServer):
    ada = people.one()
    token = mailed_link(ada, letters).token
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW}).must(204)
    letters.wait_for(address_of(ada), "was changed")
    refused(reset(ada, token))
    ada.log_in(ada.username, NEW)


def test_a_link_is_for_the_address_it_was_mailed_to(people: People, letters: MailServer):
    ada = people.one()
    token = mailed_link(ada, letters).token
    ada.patch("/auth/me", {"email": f"new-{address_of(ada)}"}).must()
    refused(reset(ada, token))
    ada.patch("/auth/me", {"email": address_of(ada)}).must()
    refused(reset(ada, token))


def test_who_tries_the_old_password_without_pause_does_not_slip_through(people: People, letters: MailServer):
    ada = people.one()
    token = mailed_link(ada, letters).token
    let_in: list[str] = []
    tried = Event()

    def try_again_and_again(url: str) -> None:
        while (answer := Api(url).post("/auth/login", {"username": ada.username, "password": PASSWORD})).status == 200:
            let_in.append(answer.json["access_token"])
            tried.set()
        answer.error(401, "invalid_credentials")

    with ThreadPoolExecutor(8) as pool:
        attempts = [pool.submit(try_again_and_again, url) for url in people.deployment.urls * 4]
        tried.wait(5)
        reset(ada, token).must(204)
    for attempt in attempts:
        attempt.result()
    assert let_in
    for stolen in let_in:
        ada.get("/auth/me", token=stolen).error(401, "token_revoked")


def test_known_and_unknown_addresses_are_answered_alike(people: People, letters: MailServer):
    ada, grace = people.some(2)
    unknown = f"nobody-{uuid.uuid4().hex}@example.org"
    times: dict[str, list[float]] = {unknown: [], address_of(ada): []}

    def as_fast_as_each_other() -> bool:
        """By the shortest times: what disturbs only adds to them."""
        for email, taken in times.items():
            began = time.perf_counter()
            assert forget(ada, email).must(202) == {}
            taken.append(time.perf_counter() - began)
        return len(times[unknown]) >= 15 and abs(min(times[unknown]) - min(times[address_of(ada)])) < 0.005

    eventually(as_fast_as_each_other, timeout=30, interval=0)
    mailed_link(grace, letters)
    assert letters.to(unknown) == []


def test_three_mails_an_hour_are_enough(people: People, letters: MailServer, database: Database):
    ada, grace = people.some(2)
    for nth in (1, 2, 3):
        last = mailed_link(ada, letters, nth=nth)
    forget(ada).must(202)
    mailed_link(grace, letters)
    assert len(letters.to(address_of(ada), SUBJECT)) == 3
    reset(ada, last.token).must(204)
    database.change("UPDATE one_time_tokens SET created_at = :at WHERE user_id = :id", at="2020-01-01", id=ada.id)
    mailed_link(ada, letters, nth=4)


def test_an_account_without_a_password_gets_one(people: People, letters: MailServer, database: Database):
    ada = people.one()
    database.change("UPDATE users SET password_hash = NULL WHERE id = :id", id=ada.id)
    assert ada.get("/auth/me").must()["has_password"] is False
    reset(ada, mailed_link(ada, letters).token).must(204)
    assert ada.log_in(ada.username, NEW).get("/auth/me").must()["has_password"] is True


@pytest.mark.parametrize("was_verified", [False, True])
def test_who_opened_the_account_with_an_address_of_others_keeps_no_way_in(
    people: People, letters: MailServer, database: Database, was_verified: bool
):
    ada = people.one()
    if was_verified:
        token = letters.wait_for(address_of(ada), "Confirm").token
        ada.post("/auth/email/verify", {"token": token}).must(204)
    key = ada.post("/auth/api-keys", {"name": "mine", "scopes": ["profile:read"]}).must(201)["key"]
    columns = "id, user_id, provider, subject, created_at"
    link = f"INSERT INTO external_identities ({columns}) VALUES (:id, :user, :at, '1', :on)"
    for provider in ("google", "ensure:somebody"):
        database.change(link, id=str(uuid.uuid4()), user=ada.id, at=provider + ada.id, on="2026-01-01 00:00:00")
    reset(ada, mailed_link(ada, letters).token).must(204)

    status = Api(ada.url).request("GET", "/auth/me", headers={"X-API-Key": key}).status
    left = database.one("SELECT count(*) FROM external_identities WHERE user_id = :id", id=ada.id)
    assert (status, left) == ((200, 2) if was_verified else (401, 1))


def test_a_banned_person_gets_no_link_and_can_use_none(people: People, letters: MailServer, database: Database):
    ada, grace = people.some(2)
    token = mailed_link(ada, letters).token
    database.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    reset(ada, token).error(403, "banned")
    forget(ada).must(202)
    mailed_link(grace, letters)
    assert len(letters.to(address_of(ada), SUBJECT)) == 1


def test_a_bad_new_password_does_not_use_the_link_up(people: People, letters: MailServer):
    ada = people.one()
    token = mailed_link(ada, letters).token
    for bad in ("short", "password123", "x" * 73, ada.username.upper(), address_of(ada)):
        assert refused(reset(ada, token, bad), "new_password")
    reset(ada, token).must(204)


@pytest.mark.parametrize("token", ["", " ", "nonsense", "x" * 201, "nul\x00", "\ud800", 5, None, ["a"]])
def test_a_strange_token_is_refused(people: People, token: object):
    body = {"token": token, "new_password": NEW}
    refused(Api(people.deployment.url).post("/auth/password/reset", body))


@pytest.mark.parametrize(
    "email",
    [
        "{0}\r\nBcc: eve@example.org",
        "{0}\nBcc: eve@example.org",
        "{0}%0d%0aBcc: eve@example.org",
        "{0},eve@example.org",
        "{0}, eve@example.org",
        "Eve <eve@example.org>, {0}",
        "{0}\x00",
        "eve@example.org\r\n\r\n{0}",
        ["{0}", "eve@example.org"],
    ],
)
def test_nothing_is_put_into_the_headers_by_an_address(people: People, letters: MailServer, email: object):
    ada, grace = people.some(2)
    given = email.format(address_of(ada)) if isinstance(email, str) else [address_of(ada), "eve@example.org"]
    refused(Api(ada.url).post("/auth/password/forgot", {"email": given}), "email")
    mailed_link(grace, letters)
    assert letters.to(address_of(ada), SUBJECT) == []
    assert not [mail for mail in letters.mails if "eve@example.org" in str(mail.recipients)]


def test_an_address_that_only_looks_the_same_gets_nothing(people: People, letters: MailServer):
    ada, grace = people.one(username=f"strasse-{uuid.uuid4().hex[:8]}"), people.one()
    alike = address_of(ada).replace("ss", "ß", 1)
    forget(ada, alike).must(202)
    mailed_link(grace, letters)
    assert letters.to(alike) == letters.to(address_of(ada), SUBJECT) == []


def test_the_address_in_the_link_is_not_the_callers_choice(people: People, letters: MailServer):
    ada = people.one()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
    ada.request("POST", "/auth/password/forgot", {"email": address_of(ada)}, headers=headers).must(202)
    assert letters.wait_for(address_of(ada), SUBJECT).link.startswith(f"{PUBLIC_URL}/#/")


def test_a_mail_server_that_is_away_for_a_moment_loses_nothing(people: People, letters: MailServer):
    ada = people.one()
    letters.wait_for(address_of(ada), "Confirm")
    before = logs(people.deployment).count("does not answer")
    letters.stop()
    try:
        forget(ada).must(202)
        eventually(lambda: logs(people.deployment).count("does not answer") > before)
    finally:
        letters.start()
    mail = letters.wait_for(address_of(ada), SUBJECT, timeout=20)
    reset(ada, mail.token).must(204)


def test_a_server_that_will_take_it_later_gets_it_later(people: People, letters: MailServer):
    ada = people.one()
    letters.wait_for(address_of(ada), "Confirm")
    seen: list[Received] = []

    def greylist(mail: Received) -> str:
        seen.append(mail)
        return "250 OK" if len(seen) > 1 else "451 4.7.1 try again later"

    letters.answer = greylist
    token = mailed_link(ada, letters).token
    refused(reset(ada, seen[0].token))
    reset(ada, token).must(204)


def test_a_mail_that_is_refused_for_good_is_not_repeated_and_its_link_not_logged(people: People, letters: MailServer):
    ada = people.one()
    letters.wait_for(address_of(ada), "Confirm")
    seen: list[Received] = []

    def refuse(mail: Received) -> str:
        seen.append(mail)
        return f"554 5.7.1 spam: {mail.link}"

    letters.answer = refuse
    forget(ada).must(202)
    said = eventually(lambda: [line for line in logs(people.deployment).splitlines() if "554 5.7.1 spam" in line])
    assert len(said) == 1
    assert "a mail is not sent" in said[0]
    assert seen[0].token not in logs(people.deployment)


def test_the_secret_stands_nowhere_but_in_the_mail(people: People, letters: MailServer, database: Database):
    ada = people.one()
    token = mailed_link(ada, letters).token
    refused(reset(ada, token, "short"), "new_password")
    reset(ada, token).must(204)
    refused(reset(ada, token))
    assert token not in logs(people.deployment)
    for table in ("one_time_tokens", "audit_events"):
        assert token not in str(database.rows(f"SELECT * FROM {table}"))
