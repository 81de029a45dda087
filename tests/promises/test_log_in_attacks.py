"""P25: passwords are guessed by the thousand, behind forged addresses, for names that exist and names that do not."""

import statistics
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chat_app.limits import GUESSES_HERE, GUESSES_OF_ADDRESS, GUESSES_OF_NAME
from tests.services import deployment as deployments
from tests.services.api import PASSWORD, Account, Answer, Api
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import Server

pytestmark = pytest.mark.promise("P25")

GUESSES = 1000
AT_ONCE = 32
SAMPLES = 20
SETTINGS = {"RATE_LIMITS": "true", "AUTH_RATE_LIMIT": "100000/minute", "ADDRESS_RATE_LIMIT": "100000/minute"}


class Doors:
    """Two processes with one Redis: one faces the network, the other stands behind a proxy."""

    def __init__(self, open_url: str, proxied_url: str) -> None:
        self.open = Api(open_url)
        self.proxied = Api(proxied_url)

    def through_the_proxy(self, address: str, path: str, body: Any, forged: str = "") -> Answer:
        """What the proxy passes on for `address`; it appends to whatever the client sent."""
        entries = f"{forged}, {address}" if forged else address
        return self.proxied.post(path, body, headers={"X-Forwarded-For": entries})

    def log_in(self, name: str, password: str, address: str, forged: str = "") -> Answer:
        return self.through_the_proxy(address, "/auth/login", {"username": name, "password": password}, forged)

    def register(self, address: str = "") -> Account:
        name = f"u{uuid.uuid4().hex[:12]}"
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        pair = self.through_the_proxy(address or an_address(), "/auth/register", body).must(201)
        return Account.of(self.proxied.url, pair)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis) -> Iterator[Doors]:
    directory = tmp_path_factory.mktemp("doors")
    with deployments.cluster(directory, postgres, redis, SETTINGS, size=1) as cluster:
        proxied = Server(directory, {**cluster.settings, "TRUSTED_PROXIES": "1"})
        try:
            proxied.start()
            yield Doors(cluster.url, proxied.url)
        finally:
            proxied.close()


def an_address() -> str:
    """Redis remembers those of other runs."""
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


def forged(number: int) -> dict[str, str]:
    """All the headers that an attacker may hope for, different each time."""
    address = f"198.51.{number // 250}.{number % 250}"
    return {
        "X-Forwarded-For": address,
        "X-Real-IP": address,
        "Forwarded": f"for={address}",
        "CF-Connecting-IP": address,
        "True-Client-IP": address,
        "X-Forwarded-Host": f"{number}.example.org",
    }


def many(guess: Callable[[int], Answer], times: int = GUESSES) -> tuple[list[Answer], float]:
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(guess, range(times)))
    return answers, time.monotonic() - began


def counted(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def body(answer: Answer) -> dict[str, Any]:
    """What an attacker can compare: without the id of the request and the time that runs."""
    return {name: value for name, value in answer.json.items() if name not in ("request_id", "retry_after", "detail")}


def test_forged_addresses_do_not_help_who_guesses_one_password(doors: Doors, figure):
    """At the process without a proxy nothing counts but the connection's own address; behind one, its last entry."""
    ada, grace = doors.register(), doors.register()
    attacker = an_address()

    def at_the_open_door(number: int) -> Answer:
        guess = {"username": ada.username, "password": f"guess {number}"}
        return doors.open.post("/auth/login", guess, headers=forged(number))

    def behind_the_proxy(number: int) -> Answer:
        forgeries = [f"198.51.100.{number % 250}", '"198.51.100.1', f"{uuid.uuid4()}, 10.0.0.{number % 250}"]
        return doors.log_in(grace.username, f"guess {number}", attacker, forgeries[number % 3])

    told = []
    for place, guess in (("without a proxy", at_the_open_door), ("behind one", behind_the_proxy)):
        answers, seconds = many(guess)
        assert counted(answers) == {401: GUESSES_HERE.amount, 429: GUESSES - GUESSES_HERE.amount}
        told.append(f"{place} {GUESSES_HERE.amount} of {GUESSES} in {seconds:.1f} s")
    # The attacker cannot tell the right password from a wrong one any more; the owner, elsewhere, gets in.
    doors.log_in(grace.username, PASSWORD, attacker).error(429, "rate_limited")
    doors.log_in(grace.username, PASSWORD, an_address()).must()
    figure(f"guesses that reached the password check, forged addresses in all of them: {', '.join(told)}")


def test_many_addresses_do_not_help_either(doors: Doors, figure):
    ada = doors.register()
    addresses = [an_address() for _ in range(GUESSES // 5)]
    answers, _ = many(lambda number: doors.log_in(ada.username, "a guess", addresses[number % len(addresses)]))
    assert counted(answers) == {401: GUESSES_OF_NAME.amount, 429: GUESSES - GUESSES_OF_NAME.amount}
    figure(f"{GUESSES} guesses from {len(addresses)} addresses: {GUESSES_OF_NAME.amount} reached the check")


def test_many_names_do_not_help_either(doors: Doors, figure):
    address = an_address()
    answers, _ = many(lambda number: doors.log_in(f"name-{uuid.uuid4().hex[:8]}", "password1", address))
    passed = counted(answers)[401]
    assert GUESSES_OF_ADDRESS.amount <= passed <= GUESSES_OF_ADDRESS.amount + AT_ONCE
    assert counted(answers)[429] == GUESSES - passed
    figure(f"one password for {GUESSES} names, {AT_ONCE} at once from one address: {passed} reached the check")


@pytest.mark.parametrize("kind", ["username", "email"])
def test_known_and_unknown_names_get_the_same_answers(doors: Doors, figure, kind: str):
    ada = doors.register()
    suffix = "@example.org" if kind == "email" else ""
    known, unknown = ada.username + suffix, f"u{uuid.uuid4().hex[:12]}{suffix}"
    addresses = {known: an_address(), unknown: an_address()}
    for attempt in range(GUESSES_HERE.amount + 2):
        # Capitals do not make another name.
        first, second = (
            doors.log_in(name.upper() if attempt % 2 else name, "a guess", addresses[name]) for name in (known, unknown)
        )
        assert first.status == second.status == (401 if attempt < GUESSES_HERE.amount else 429)
        assert body(first) == body(second)
        assert set(first.headers) == set(second.headers)
    assert first.json["retry_after"] == pytest.approx(second.json["retry_after"], abs=5)
    figure(f"{kind}: {GUESSES_HERE.amount} times 401, then 429, the same for an unknown one")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Passwords that take as long to check as they should, nearly."""
    settings = {**SETTINGS, "BCRYPT_ROUNDS": "10"}
    with deployments.embedded(tmp_path_factory.mktemp("slow"), settings) as deployment:
        yield Api(deployment.url)


@pytest.mark.parametrize("kind", ["username", "email"])
def test_known_and_unknown_names_take_the_same_time(slow: Api, figure, kind: str):
    suffix = "@example.org" if kind == "email" else ""
    people = [slow.register().username + suffix for _ in range(SAMPLES)]
    strangers = [f"u{uuid.uuid4().hex[:12]}{suffix}" for _ in range(SAMPLES)]

    def seconds(name: str) -> float:
        began = time.perf_counter()
        slow.post("/auth/login", {"username": name, "password": "a guess"}).error(401, "invalid_credentials")
        return time.perf_counter() - began

    seconds(strangers[0])
    taken: dict[str, float] = {}
    for pair in zip(people, strangers, strict=True):
        for name in pair if len(taken) % 4 else reversed(pair):  # each kind is first half of the time
            taken[name] = seconds(name)
    known, unknown = (lower_quartile([taken[name] for name in names]) for names in (people, strangers))
    figure(f"{kind}: known {known * 1000:.1f} ms, unknown {unknown * 1000:.1f} ms (lower quartiles of {SAMPLES})")
    assert abs(known - unknown) < 0.25 * max(known, unknown)


def lower_quartile(values: list[float]) -> float:
    """What other processes on the machine add is in the upper ones."""
    return statistics.quantiles(values, n=4)[0]
