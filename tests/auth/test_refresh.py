"""Refresh tokens rotate; a second use of one ends the session (promise P22)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Answer
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
