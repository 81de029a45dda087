"""How many requests are answered: one limit for all devices, keys and processes of an account, one for each address."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import BASE
from tests.services.sockets import Sockets
from tests.services.waiting import eventually

ADDRESS, CONNECTS = 20, 6
SETTINGS = {
    "RATE_LIMITS": "true",
    "TRUSTED_PROXIES": "1",
    "ADDRESS_RATE_LIMIT": f"{ADDRESS}/hour",
    "CONNECT_RATE_LIMIT": f"{CONNECTS}/hour",
    "MESSAGE_RATE": "0.01",
    "MESSAGE_BURST": "8",
}
_numbers = count(1)


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def limited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    directory = tmp_path_factory.mktemp("limited")
    if request.param == "embedded":
        with deployments.embedded(directory, SETTINGS) as deployment:
            yield deployment
        return
    postgres, redis = request.getfixturevalue("postgres"), request.getfixturevalue("redis")
    with deployments.cluster(directory, postgres, redis, SETTINGS) as deployment:
        yield deployment


def an_address() -> str:
    """One that nobody has used before: Redis remembers those of other runs."""
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{next(_numbers):x}::1"


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def somebody(deployment: Deployment, requests_per_minute: int = 6000) -> Account:
    """A new account, from an address of its own, on a plan of its own."""
    name = f"u{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery"}
    answer = Api(deployment.url).post("/auth/register", body, headers=from_address(an_address()))
    account = Account.of(deployment.url, answer.must(201))
    database = Database(deployment.database_url)
    database.change("INSERT INTO plans VALUES (:name, :rate, 1000)", name=name, rate=requests_per_minute)
    database.change("UPDATE users SET plan = :name WHERE username = :name", name=name)
    return account


def devices(deployment: Deployment, account: Account) -> list[Account]:
    return [account.at(url) for url in deployment.urls]


def statuses(callers: list[Account], times: int, path: str = "/auth/me") -> list[int]:
    return [callers[number % len(callers)].get(path).status for number in range(times)]


def test_an_account_has_what_its_plan_allows_at_all_processes_together(limited: Deployment):
    ada, grace = somebody(limited, 10), somebody(limited, 10)
    assert sorted(statuses(devices(limited, ada), 14)) == [200] * 10 + [429] * 4
    assert statuses(devices(limited, grace), 4) == [200] * 4


def test_sessions_and_keys_of_an_account_count_together(limited: Deployment):
    ada = somebody(limited, 10)
    name = {"username": ada.username, "password": ada.password}
    pair = Api(limited.url).post("/auth/login", name, headers=from_address(an_address())).must()
    tablet = Account.of(limited.urls[-1], pair)
    key = ada.post("/auth/api-keys", {"name": "robot", "scopes": ["conversations:read"]}).must(201)["key"]
    robot = {"X-API-Key": key}
    for _ in range(3):
        ada.get("/auth/me").must()
        tablet.get("/auth/me").must()
        Api(limited.urls[-1]).get("/conversations", headers=robot).must()
    for answer in (
        ada.get("/auth/me"),
        tablet.get("/auth/me"),
        Api(limited.url).get("/conversations", headers=robot),
    ):
        answer.error(429, "rate_limited")


def test_the_answer_tells_what_is_left_and_when_to_come_back(limited: Deployment):
    ada = somebody(limited, 3)
    left = [ada.get("/auth/me").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = ada.get("/auth/me")
    body = answer.error(429, "rate_limited")
    assert 50 < body["retry_after"] <= 60
    assert body["retry_after"] <= int(answer.headers["Retry-After"]) <= 60
    assert body["detail"] == f"Too many requests. Try again in {answer.headers['Retry-After']} seconds."
    assert answer.headers["X-RateLimit-Limit"] == "3"
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert 50 < int(answer.headers["X-RateLimit-Reset"]) - time.time() <= 61


def test_another_plan_counts_at_once(limited: Deployment):
    ada = somebody(limited, 2)
    assert statuses([ada], 3) == [200, 200, 429]
    database = Database(limited.database_url)
    database.change("UPDATE plans SET requests_per_minute = 9 WHERE name = :name", name=ada.username)
    assert statuses(devices(limited, ada), 11) == [200] * 9 + [429] * 2
    database.change("UPDATE plans SET requests_per_minute = 6000 WHERE name = :name", name=ada.username)
    assert statuses(devices(limited, ada), 8) == [200] * 8


def test_who_is_not_signed_in_counts_by_address(limited: Deployment):
    address, other = an_address(), an_address()

    def ask(number: int, path: str = "//info", **headers: str) -> Answer:
        return Api(limited.urls[number % len(limited.urls)]).get(path, headers=from_address(address) | headers)

    paths = ["//info", "/auth/providers"]
    found = [ask(number // 2, paths[number % 2]).status for number in range(ADDRESS + 4)]
    assert 429 not in found[:ADDRESS]
    assert found[ADDRESS:] == [429] * 4
    ask(0).error(429, "rate_limited")
    assert ask(0, **from_address(other)).status == 200
    for path in ("//health", "//health/live", "/health", "//", "//robots.txt", "/media/x/avatar.webp", "/not-there"):
        assert ask(0, path).status != 429, path
    assert ask(0, Authorization=f"Bearer {somebody(limited).token}", path="/auth/me").status == 200


def test_an_ipv6_customer_has_one_limit_for_all_addresses(limited: Deployment):
    network = an_address().removesuffix("::1")
    found = [
        Api(limited.url).get("//info", headers=from_address(f"{network}:{number:x}::{number:x}")).status
        for number in range(ADDRESS + 2)
    ]
    assert found == [200] * ADDRESS + [429] * 2


@pytest.mark.parametrize("kind", ["token", "key", "refresh token"])
def test_a_wrong_secret_counts_for_its_address_and_who_is_signed_in_still_works(limited: Deployment, kind: str):
    ada, address = somebody(limited), an_address()

    def guess(number: int) -> int:
        api, headers = Api(limited.urls[number % len(limited.urls)]), from_address(address)
        if kind == "refresh token":
            return api.post("/auth/token/refresh", {"refresh_token": "a guess"}, headers=headers).status
        secret = {"X-API-Key": "cs_guess"} if kind == "key" else {"Authorization": "Bearer a guess"}
        return api.get("/auth/me", headers=headers | secret).status

    found = [guess(number) for number in range(ADDRESS + 3)]
    assert found == [401] * ADDRESS + [429] * 3
    ada.get("/auth/me", headers=from_address(address)).must()


def expired(account: Account) -> str:
    claims = jwt.decode(account.token, options={"verify_signature": False})
    return jwt.encode({**claims, "exp": int(time.time()) - 60}, BASE["SECRET_KEY"], "HS256")


def test_a_token_that_has_expired_is_no_guess(limited: Deployment):
    ada, headers = somebody(limited), from_address(an_address())
    for _ in range(ADDRESS + 3):
        Api(limited.url, expired(ada)).get("/auth/me", headers=headers).error(401, "token_expired")


def test_wrong_tokens_on_sockets_and_over_http_are_one_limit(limited: Deployment, sockets: Sockets):
    ada, address = somebody(limited), an_address()
    for _ in range(ADDRESS - 2):
        Api(limited.url, "a guess").get("/auth/me", headers=from_address(address)).error(401, "unauthorized")
    refusals = [
        sockets.connect(limited.urls[-1], "a guess", extraHeaders=from_address(address)).connect_error for _ in range(4)
    ]
    assert [refusal["code"] for refusal in refusals] == ["unauthorized"] * 2 + ["rate_limited"] * 2
    assert 3500 < refusals[-1]["retry_after"] <= 3600
    Api(limited.url, "a guess").get("/auth/me", headers=from_address(address)).error(429, "rate_limited")
    assert sockets.connect(limited.url, ada.token, extraHeaders=from_address(address)).connected


def test_an_address_opens_so_many_sockets_and_no_more(limited: Deployment, sockets: Sockets):
    ada, here, elsewhere = somebody(limited), an_address(), an_address()

    def connect(address: str) -> Any:
        return sockets.connect(limited.url, ada.token, extraHeaders=from_address(address))

    assert all(connect(here).connected for _ in range(CONNECTS))
    error = connect(here).connect_error
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after"] <= 3600 / CONNECTS
    assert connect(elsewhere).connected


def test_messages_count_for_the_account_at_all_processes(limited: Deployment, sockets: Sockets):
    """Each process decides by itself; a second later all know what was sent where."""
    ada, headers = somebody(limited), from_address(an_address())
    group = ada.group()
    chats = [sockets.connect(url, ada.token, extraHeaders=headers) for url in limited.urls]

    def send(chat: Any) -> bool:
        draft = {"conversation_id": group, "client_msg_id": uuid.uuid4().hex, "content": "x"}
        ack = chat.call("send_message", draft)
        assert ack["ok"] or ack["error"]["code"] == "rate_limited", ack
        return bool(ack["ok"])

    assert all(send(chats[0]) for _ in range(7))
    assert send(chats[0])
    assert not send(chats[0])
    # Of 8 messages at once, 8 are gone: elsewhere, too, once that has heard of it.
    settled = 1 if len(chats) == 1 else 8
    sent = 0
    while send(chats[-1]):
        sent += 1
    assert sent <= settled
    eventually(lambda: not any(send(chat) for chat in chats), timeout=5)
    assert ada.conversation(group)["last_seq"] <= 8 * len(chats)


def test_a_session_tells_the_address_that_the_proxy_saw(limited: Deployment):
    ada = somebody(limited)
    headers = {
        "X-Forwarded-For": "198.51.100.7, 203.0.113.9",
        "X-Real-IP": "198.51.100.8",
        "Forwarded": "for=198.51.100.9",
    }
    name = {"username": ada.username, "password": ada.password}
    Api(limited.url).post("/auth/login", name, headers=headers).must()
    assert ada.get("/auth/sessions").must()["items"][0]["address"] == "203.0.113.9"
    assert ada.get("/auth/activity").must()["items"][0]["address"] == "203.0.113.9"


@pytest.mark.parametrize("limited", ["cluster"], indirect=True)
def test_redis_keeps_no_names_and_no_addresses(redis: Redis, limited: Deployment):
    guess = {"username": "zoe.mills@example.org", "password": "a guess"}
    Api(limited.url).post("/auth/login", guess, headers=from_address("203.0.113.200"))
    with redis.client() as client:
        keys = client.keys("chatsphere:*")
    assert any(key.startswith("chatsphere:limit:") for key in keys)
    assert not [key for key in keys if "zoe" in key.lower() or "203.0.113" in key or "2001:db8" in key]


def test_guesses_at_the_present_password_are_throttled(limited: Deployment):
    ada = somebody(limited)
    change = {"current_password": "a guess", "new_password": "quite another passphrase"}
    headers = from_address(an_address())
    found = [ada.post("/auth/password", change, headers=headers).status for _ in range(12)]
    assert found == [422] * 10 + [429] * 2
    right = change | {"current_password": ada.password}
    ada.post("/auth/password", right, headers=headers).error(429, "rate_limited")
    ada.post("/auth/password", right, headers=from_address(an_address())).must(204)


def test_right_log_ins_do_not_count(limited: Deployment):
    ada, headers = somebody(limited), from_address(an_address())
    name = {"username": ada.username, "password": ada.password}
    for _ in range(15):
        Api(limited.url).post("/auth/login", name, headers=headers).must()


def test_without_limits_nothing_is_counted(embedded: Deployment):
    ada = Api(embedded.url).register()
    Database(embedded.database_url).change("INSERT INTO plans VALUES (:name, 1, 1)", name=ada.username)
    Database(embedded.database_url).change("UPDATE users SET plan = :name WHERE username = :name", name=ada.username)
    for _ in range(3):
        assert "X-RateLimit-Limit" not in ada.get("/auth/me").headers


class TestWhileRedisIsAway:
    @pytest.fixture
    def cluster(self, tmp_path: Path, postgres: Postgres, own_redis: Redis) -> Iterator[Deployment]:
        with deployments.cluster(tmp_path, postgres, own_redis, SETTINGS) as deployment:
            yield deployment

    def test_requests_are_answered_and_each_process_limits_alone(self, cluster: Deployment, own_redis: Redis):
        ada, grace, linus = (somebody(cluster, 10) for _ in range(3))
        assert sorted(statuses(devices(cluster, ada), 12)) == [200] * 10 + [429] * 2
        own_redis.pause()
        with ThreadPoolExecutor(8) as threads:
            took = list(threads.map(lambda number: self.seconds(cluster, number), range(16)))
        assert max(took) < 2.5, took
        assert max(self.seconds(cluster, number) for number in range(8)) < 0.5
        assert sorted(statuses(devices(cluster, grace), 24)) == [200] * 20 + [429] * 4
        own_redis.resume()
        eventually(lambda: self.is_one_limit(cluster), timeout=15)
        own_redis.stop()
        assert set(statuses(devices(cluster, linus), 24)) == {200, 429}
        own_redis.start()
        eventually(lambda: self.is_one_limit(cluster), timeout=15)

    @staticmethod
    def seconds(cluster: Deployment, number: int) -> float:
        began = time.monotonic()
        answer = Api(cluster.urls[number % 2]).get("//info", headers=from_address(an_address()))
        assert answer.status == 200
        return time.monotonic() - began

    @staticmethod
    def is_one_limit(cluster: Deployment) -> bool:
        """What an address has used up at one process is used up at the other."""
        headers = from_address(an_address())
        first, second = map(Api, cluster.urls)
        for _ in range(ADDRESS):
            first.get("//info", headers=headers)
        return second.get("//info", headers=headers).status == 429
