"""Refresh tokens rotate; a second use of one ends the session (promise P22)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Answer
from tests.services.database import Database
from tests.services.people import People


def refresh(device: Account, url: str = "") -> Answer:
    return device.at(url or device.url).post("/auth/token/refresh", {"refresh_token": device.refresh_token})


def test_refreshing_gives_a_new_pair_of_the_same_session(people: People):
    ada = people.one()
    fresh = Account.of(ada.url, refresh(ada, people.deployment.urls[-1]).must())
    assert fresh.refresh_token != ada.refresh_token
    assert fresh.get("/auth/me").must()["id"] == ada.id
    again = Account.of(ada.url, refresh(fresh).must())
    assert again.get("/auth/me").must()["id"] == ada.id


@pytest.mark.parametrize("path", ["/auth/token/refresh", "/auth/refresh"])
def test_the_token_may_be_the_bearer(people: People, path):
    ada = people.one()
    assert ada.post(path, token=ada.refresh_token).must()["user"]["id"] == ada.id


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "", None])
def test_what_is_no_refresh_token_is_refused(people: People, token):
    ada = people.one()
    answer = people.deployment and ada.request("POST", "/auth/refresh", {"refresh_token": token}, token="nonsense")
    answer.error(401, "unauthorized")


def test_an_old_refresh_token_ends_the_session_and_its_sockets_on_every_process(people: People):
    ada = people.one()
    other_session = people.chat(ada.second_device())
    open_sockets = [*people.everywhere(ada), people.presence(ada)]
    fresh = Account.of(ada.url, refresh(ada).must())

    refresh(ada, people.deployment.urls[-1]).error(401, "token_revoked")

    for socket in open_sockets:
        assert socket.wait_for("session_ended", timeout=1) == {"code": "token_revoked"}
        socket.wait_for("disconnect", timeout=1)
    fresh.get("/auth/me").error(401, "token_revoked")
    refresh(fresh).error(401, "token_revoked")
    assert other_session.do("sync", {})


def test_of_twenty_refreshes_at_once_one_wins(people: People):
    ada = people.one()
    urls = people.deployment.urls * 10
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda url: refresh(ada, url), urls[:20]))
    assert sorted(answer.status for answer in answers) == [200] + [401] * (len(answers) - 1)
    winner = next(Account.of(ada.url, answer.json) for answer in answers if answer.status == 200)
    winner.get("/auth/me").error(401, "token_revoked")


def test_a_lost_answer_may_be_asked_for_again_with_the_same_key(people: People):
    ada = people.one()
    key = {"Idempotency-Key": "a secret of this device"}
    body = {"refresh_token": ada.refresh_token}
    ada.post("/auth/token/refresh", body, headers=key).must()
    again = ada.at(people.deployment.urls[-1]).post("/auth/token/refresh", body, headers=key).must()
    fresh = Account.of(ada.url, again)
    assert fresh.get("/auth/me").must()["id"] == ada.id
    assert refresh(fresh).must()


def test_another_key_or_none_is_theft(people: People):
    for headers in ({"Idempotency-Key": "another secret altogether"}, {}):
        ada = people.one()
        body = {"refresh_token": ada.refresh_token}
        ada.post("/auth/token/refresh", body, headers={"Idempotency-Key": "a secret of this device"}).must()
        ada.post("/auth/token/refresh", body, headers=headers).error(401, "token_revoked")
        ada.get("/auth/me").error(401, "token_revoked")


def test_a_lost_answer_may_be_asked_for_within_a_minute_only(people: People, database: Database):
    ada = people.one()
    key = {"Idempotency-Key": "a secret of this device"}
    body = {"refresh_token": ada.refresh_token}
    ada.post("/auth/token/refresh", body, headers=key).must()
    long_ago = "2020-01-01 00:00:00.000000"
    database.change("UPDATE auth_sessions SET refreshed_at = :at WHERE user_id = :id", at=long_ago, id=ada.id)
    ada.post("/auth/token/refresh", body, headers=key).error(401, "token_revoked")


@pytest.mark.parametrize("key", ["short", "x" * 129])
def test_a_key_that_could_be_guessed_or_is_too_long_is_refused(people: People, key):
    ada = people.one()
    answer = ada.post("/auth/token/refresh", {"refresh_token": ada.refresh_token}, headers={"Idempotency-Key": key})
    answer.error(422, "validation_failed")
    assert refresh(ada).must()
