"""Too much at once is refused with the time to wait, and stored nowhere."""

from collections.abc import Iterator

import pytest

from chat_app.realtime.server import EVENT_BURST
from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Three messages at once, then one every ten seconds; four log-ins a minute for each address."""
    settings = {
        "RATE_LIMITS": "true",
        "MESSAGE_RATE": "0.1",
        "MESSAGE_BURST": "3",
        "AUTH_RATE_LIMIT": "4/minute",
        "TRUSTED_PROXIES": "1",
    }
    with deployments.embedded(tmp_path_factory.mktemp("strict"), settings) as deployment:
        yield deployment


def somebody(deployment: Deployment, address: str) -> Account:
    """A new account, made from an address of its own."""
    name = f"from-{address.replace('.', '-')}"
    body = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery"}
    pair = Api(deployment.url).post("/auth/register", body, headers={"X-Forwarded-For": address}).must(201)
    return Account.of(deployment.url, pair)


def test_who_sends_too_fast_is_told_how_long_to_wait(strict: Deployment, sockets: Sockets):
    ada = somebody(strict, "192.0.2.1")
    group = ada.group()
    chat = sockets.connect(ada.url, ada.token)
    drafts = [{"conversation_id": group, "client_msg_id": str(n), "content": "x"} for n in range(4)]
    for draft in drafts[:3]:
        chat.do("send_message", draft)
    error = chat.refused("send_message", drafts[3])
    assert error["code"] == "rate_limited"
    assert 8 < error["retry_after"] <= 10
    # Over HTTP it is the same account and the same allowance.
    answer = ada.post("/messages", drafts[3])
    assert answer.error(429, "rate_limited")["retry_after"] <= 10
    assert 8 < int(answer.headers["Retry-After"]) <= 10
    assert ada.conversation(group)["last_seq"] == 3


def test_another_account_is_not_slowed_down(strict: Deployment):
    ada, grace = somebody(strict, "192.0.2.2"), somebody(strict, "192.0.2.3")
    group = ada.group(grace)
    for number in range(3):
        ada.say(group, str(number))
    ada.post(f"/conversations/{group}/messages", {"content": "x"}).error(429, "rate_limited")
    assert grace.say(group, "I may")


def test_a_flood_of_events_is_refused_and_the_socket_stays(strict: Deployment, sockets: Sockets):
    ada = somebody(strict, "192.0.2.4")
    chat = sockets.connect(ada.url, ada.token)
    begun = [chat.begin("typing", {"conversation_id": ada.id, "on": True}) for _ in range(EVENT_BURST + 1000)]
    errors = [call.result(30)["error"] for call in begun]
    assert {error["code"] for error in errors} == {"not_found", "rate_limited"}
    assert all(error["retry_after"] > 0 for error in errors if error["code"] == "rate_limited")
    assert chat.connected


def test_guessing_passwords_is_slowed_down_for_one_address(strict: Deployment):
    ada = somebody(strict, "192.0.2.5")
    guess = {"username": ada.username, "password": "a guess"}
    statuses, address = [], {"X-Forwarded-For": "203.0.113.9"}
    for _ in range(6):
        answer = Api(strict.url).post("/auth/login", guess, headers=address)
        statuses.append(answer.status)
    assert statuses == [401] * 4 + [429] * 2
    answer.error(429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    own = {"username": ada.username, "password": "correct horse battery"}
    Api(strict.url).post("/auth/login", own, headers={"X-Forwarded-For": "192.0.2.5"}).must()


def test_a_forged_address_does_not_help(strict: Deployment):
    """Only what the one trusted proxy added counts: the last entry."""
    statuses = []
    for number in range(6):
        headers = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.77"}
        guess = {"username": "nobody", "password": "a guess"}
        statuses.append(Api(strict.url).post("/auth/login", guess, headers=headers).status)
    assert statuses == [401] * 4 + [429] * 2
