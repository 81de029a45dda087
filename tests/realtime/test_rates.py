import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_client

from chat_app.realtime.rates import PART, NoLimit, SharedBuckets, TokenBuckets
from tests.services.redis import Redis


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """`clock[0]` is the time, in seconds."""
    moment = [1000.0]
    monkeypatch.setattr("chat_app.realtime.rates.time.monotonic", lambda: moment[0])
    return moment


def test_a_burst_passes_and_what_follows_waits(clock: list[float]):
    buckets = TokenBuckets(rate=2, burst=3)
    assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 0.5]


def test_waiting_as_told_is_enough(clock: list[float]):
    buckets = TokenBuckets(rate=2, burst=3)
    for _ in range(3):
        buckets.take("ada")
    clock[0] += buckets.take("ada")
    assert buckets.take("ada") == 0
    assert buckets.take("ada") == 0.5


def test_a_refused_try_costs_nothing(clock: list[float]):
    buckets = TokenBuckets(rate=1, burst=1)
    buckets.take("ada")
    assert [buckets.take("ada") for _ in range(5)] == [1] * 5


def test_a_long_pause_saves_up_no_more_than_a_burst(clock: list[float]):
    buckets = TokenBuckets(rate=10, burst=2)
    buckets.take("ada")
    clock[0] += 3600
    assert [buckets.take("ada") for _ in range(3)] == [0, 0, 0.1]


def test_each_key_has_its_own(clock: list[float]):
    buckets = TokenBuckets(rate=1, burst=1)
    assert [buckets.take(key) for key in ("ada", "grace", "ada")] == [0, 0, 1]


def test_beyond_the_capacity_the_longest_unused_is_forgotten(clock: list[float]):
    buckets = TokenBuckets(rate=1, burst=1, capacity=2)
    for key in ("ada", "grace", "ada", "linus"):
        buckets.take(key)
    assert buckets.take("ada") == 1
    assert buckets.take("grace") == 0


def test_without_limits_nobody_waits():
    assert {NoLimit().take("ada") for _ in range(100)} == {0.0}


SLOW = 1 / 3600
"""Tokens a second: nothing to speak of comes back while a test runs."""


class Process:
    """One of several that share their buckets."""

    def __init__(self, redis: Redis, name: str, rate: float = SLOW, burst: int = 10, **options: Any) -> None:
        self.client = redis_client.Redis.from_url(redis.aside, socket_timeout=1, retry=None)
        self.buckets = SharedBuckets(name, rate, burst, **options)

    def takes(self, count: int, key: str = "ada") -> int:
        """How many of so many tries pass."""
        return [self.buckets.take(key) for _ in range(count)].count(0.0)

    def settle(self) -> None:
        self.buckets.settle(self.client)


@pytest.fixture
def processes(redis: Redis) -> Iterator[list[Process]]:
    name = uuid.uuid4().hex
    found = [Process(redis, name) for _ in range(2)]
    yield found
    for process in found:
        process.client.close()


class TestSharedBuckets:
    def test_after_settling_what_one_process_let_through_is_missing_in_the_other(self, processes: list[Process]):
        first, second = processes
        assert (first.takes(6), second.takes(1)) == (6, 1)
        first.settle()
        second.settle()
        assert second.takes(10) == 3
        second.settle()
        first.takes(1)
        first.settle()
        assert first.takes(10) == 0

    def test_what_was_let_through_too_much_is_waited_for_afterwards(self, processes: list[Process]):
        first, second = processes
        assert (first.takes(99), second.takes(99)) == (10, 10)
        for process in (first, second):
            process.settle()
        assert second.buckets.take("ada") == pytest.approx(11 * 3600, abs=60)

    def test_in_the_long_run_all_processes_together_get_the_rate_of_one(self, redis: Redis, clock: list[float]):
        ledger: dict[str, tuple[float, float]] = {}
        clocked = [ClockedProcess(redis, ledger, clock) for _ in range(3)]
        passed = 0
        for _ in range(60):
            clock[0] += 1
            passed += sum(process.takes(100) for process in clocked)
            for process in clocked:
                process.settle()
        assert 600 <= passed <= 600 + 3 * 10 + 3 * 10

    def test_what_is_taken_while_settling_counts_too(self, processes: list[Process]):
        first, second = processes
        second.takes(4)
        second.settle()
        first.takes(2)
        tell = first.buckets._tell
        first.buckets._tell = lambda *args: (tell(*args), first.takes(1))[0]  # type: ignore[method-assign]
        first.settle()
        assert first.takes(10) == 10 - 4 - 2 - 1

    def test_many_keys_take_several_parts(self, processes: list[Process]):
        first, second = processes
        for number in range(2 * PART + 1):
            first.takes(1, f"person-{number}")
            second.takes(1, f"person-{number}")
        first.settle()
        second.settle()
        assert {second.takes(10, f"person-{number}") for number in range(2 * PART + 1)} == {8}

    def test_without_redis_each_counts_alone_and_what_was_spent_is_told_later(self, own_redis: Redis):
        name = uuid.uuid4().hex
        first, second = Process(own_redis, name), Process(own_redis, name)
        own_redis.stop()
        assert first.takes(3) == 3
        with pytest.raises(redis_client.ConnectionError):
            first.settle()
        assert first.takes(3) == 3
        own_redis.start()
        first.settle()
        second.takes(1)
        second.settle()
        assert second.takes(10) == 3
        for process in (first, second):
            process.client.close()

    def test_a_redis_that_forgot_gives_nobody_more(self, processes: list[Process]):
        first, _ = processes
        first.takes(8)
        first.settle()
        first.client.delete(*first.client.keys(f"*{first.buckets._name}*"))
        first.takes(1)
        first.settle()
        assert first.takes(10) == 1

    def test_what_waits_to_be_told_is_bounded(self, own_redis: Redis):
        process = Process(own_redis, "bounded", capacity=3)
        own_redis.stop()
        for _ in range(2):
            for number in range(9):
                process.takes(20, f"person-{number}")
            with pytest.raises(redis_client.ConnectionError):
                process.settle()
        assert len(process.buckets._spent) == 3
        assert max(process.buckets._spent.values()) <= 20
        process.client.close()


class ClockedProcess(Process):
    """Settles by the clock of the test: what Redis's script does, in Python."""

    RATE = 10

    def __init__(self, redis: Redis, ledger: dict[str, tuple[float, float]], clock: list[float]) -> None:
        super().__init__(redis, "clocked", self.RATE, burst=10)
        self.clock = clock
        self.ledger = ledger
        self.buckets._tell = self.tell  # type: ignore[method-assign]

    def tell(self, client: object, spent: dict[str, int]) -> list[float]:
        answer = []
        for key, tokens in spent.items():
            used, at = self.ledger.get(key, (0.0, self.clock[0]))
            used = tokens + max(0.0, used - (self.clock[0] - at) * self.RATE)
            self.ledger[key] = (used, self.clock[0])
            answer.append(used)
        return answer
