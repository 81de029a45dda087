"""The end of a session reaches its tokens and its open sockets on every process (promise P21)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually


def assert_ended(socket: Socket, code: str, timeout: float = 1) -> None:
    assert socket.wait_for("session_ended", timeout=timeout) == {"code": code}
    socket.wait_for("disconnect", timeout=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_logging_out_ends_this_session_alone(people: People):
    ada = people.one()
    phone = ada.second_device()
    mine, other = people.everywhere(ada), people.chat(phone)
    ada.post("/auth/logout").must(204)
    for socket in mine:
        assert_ended(socket, "logged_out")
    ada.get("/auth/me").error(401, "token_revoked")
    ada.post("/auth/refresh", {"refresh_token": ada.refresh_token}).error(401, "token_revoked")
    assert other.do("sync", {})
    phone.get("/auth/me").must()


def test_logging_out_everywhere_ends_all_sessions(people: People):
    ada = people.one()
    devices = [ada, *(ada.second_device().at(url) for url in people.deployment.urls)]
    open_sockets = [people.chat(device) for device in devices]
    ada.post("/auth/logout", {"everywhere": True}).must(204)
    for device, socket in zip(devices, open_sockets, strict=True):
        assert_ended(socket, "logged_out")
        device.get("/auth/me").error(401, "token_revoked")
    assert ada.log_in(ada.username).get("/auth/me").must()


def test_a_socket_with_an_ended_session_is_refused(people: People, sockets: Sockets):
    ada = people.one()
    ada.post("/auth/logout").must(204)
    for url in people.deployment.urls:
        refused = sockets.connect(url, ada.token)
        assert refused.connect_error["code"] == "token_revoked"
        assert not refused.connected


@pytest.mark.parametrize("namespace", ["/chat", "/presence"])
@pytest.mark.parametrize("token", [None, "", "nonsense", "a.b.c", "x" * 3000])
def test_a_socket_without_a_good_token_is_refused(embedded, sockets, namespace, token):
    refused = sockets.connect(embedded.url, token, namespace)
    assert refused.connect_error["code"] == "unauthorized"
    assert refused.connect_error["detail"]


@pytest.mark.parametrize("auth", [{"token": 5}, {"token": None}, {"token": ["a"]}, {"nothing": 1}, {}, {"token": {}}])
def test_strange_words_at_the_door_are_refused(embedded, sockets, auth):
    assert sockets.connect(embedded.url, None, auth=auth).connect_error["code"] == "unauthorized"


def test_a_refresh_token_opens_no_socket(people: People, sockets: Sockets):
    ada = people.one()
    assert sockets.connect(ada.url, ada.refresh_token).connect_error["code"] == "unauthorized"


def test_a_namespace_that_does_not_exist_is_refused(people: People, sockets: Sockets):
    ada = people.one()
    assert sockets.connect(ada.url, ada.token, "/nothing").connect_error


def test_a_banned_person_is_refused_everywhere(people: People, database: Database, sockets: Sockets):
    ada, grace = people.some(2)
    group = ada.group(grace)
    database.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=grace.id)

    grace.get("/auth/me").error(403, "banned")
    grace.post(f"/conversations/{group}/messages", {"content": "still here"}).error(403, "banned")
    grace.post("/auth/login", {"username": grace.username, "password": grace.password}).error(403, "banned")
    grace.post("/auth/refresh", {"refresh_token": grace.refresh_token}).error(403, "banned")
    assert sockets.connect(grace.url, grace.token).connect_error["code"] == "banned"


def test_a_ban_that_no_process_was_told_of_is_found_by_looking(embedded: Deployment, sockets: Sockets):
    ada = Api(embedded.url).register()
    open_sockets = [sockets.connect(ada.url, ada.token), sockets.connect(ada.url, ada.token, "/presence")]
    Database(embedded.database_url).change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    for socket in open_sockets:
        assert_ended(socket, "banned", timeout=20)


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Its access tokens live for four seconds."""
    settings = {"ACCESS_TOKEN_EXPIRE_MINUTES": str(4 / 60)}
    with deployments.embedded(tmp_path_factory.mktemp("short-lived"), settings) as deployment:
        yield deployment


def test_an_expired_token_ends_its_sockets(short_lived: Deployment, sockets: Sockets):
    ada = Api(short_lived.url).register()
    chat = sockets.connect(ada.url, ada.token)
    presence = sockets.connect(ada.url, ada.token, "/presence")
    assert_ended(chat, "token_expired", timeout=8)
    assert_ended(presence, "token_expired", timeout=2)
    ada.get("/auth/me").error(401, "token_expired")
    assert sockets.connect(ada.url, ada.token).connect_error["code"] == "token_expired"
    # An expired access token is no end of the session.
    fresh = Account.of(ada.url, ada.post("/auth/refresh", {"refresh_token": ada.refresh_token}).must())
    assert sockets.connect(fresh.url, fresh.token).connected


def test_a_fresh_token_prolongs_the_socket(short_lived: Deployment, sockets: Sockets):
    device = Api(short_lived.url).register()
    prolonged, left_alone = (sockets.connect(device.url, device.token) for _ in range(2))
    end = moment(left_alone.wait_for("ready")["expires_at"])

    def prolong() -> bool:
        nonlocal device
        pair = device.post("/auth/refresh", {"refresh_token": device.refresh_token}).must()
        device = Account.of(device.url, pair)
        ack = prolonged.do("authenticate", {"token": device.token})
        return moment(ack["expires_at"]) - end >= timedelta(seconds=2)

    eventually(prolong, interval=0.5)
    assert_ended(left_alone, "token_expired", timeout=8)
    assert prolonged.do("sync", {})
    assert_ended(prolonged, "token_expired", timeout=8)


def test_authenticate_refuses_what_is_not_of_this_session(people: People):
    ada, grace = people.some(2)
    chat = people.chat(ada)
    assert chat.refused("authenticate", {"token": grace.token})["code"] == "forbidden"
    assert chat.refused("authenticate", {"token": ada.second_device().token})["code"] == "forbidden"
    assert chat.refused("authenticate", {"token": "nonsense"})["code"] == "unauthorized"
    assert chat.refused("authenticate", {"token": ada.refresh_token})["code"] == "unauthorized"
    assert chat.do("sync", {})
