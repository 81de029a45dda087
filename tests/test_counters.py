"""Where requests are counted, in memory and in Redis: the same answers."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from limits import parse
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from chat_app.counters import MemoryCounters, RedisCounters
from tests.services.redis import Redis
from tests.services.waiting import eventually

SLOW = parse("5/hour")
"""No window ends while a test runs."""


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> Storage:
    if request.param == "memory":
        return storage_from_string("bounded://")
    return storage_from_string(f"shared+{request.getfixturevalue('redis').aside}")


@pytest.fixture
def limiter(storage: Storage) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(storage)


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def test_so_many_pass_and_no_more(limiter: FixedWindowRateLimiter, key: str):
    assert [limiter.hit(SLOW, key) for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.hit(SLOW, f"{key}-other")


def test_what_is_left_and_when_all_of_it_is_back_is_exact(limiter: FixedWindowRateLimiter, key: str):
    began = time.time()
    assert limiter.get_window_stats(SLOW, key).remaining == 5
    limiter.hit(SLOW, key)
    ended = time.time()
    until, left = limiter.get_window_stats(SLOW, key)
    assert left == 4
    assert began + 3600 - 0.002 <= until <= ended + 3600 + 0.002


def test_a_new_window_begins_with_the_first_hit_after_the_last_one(limiter: FixedWindowRateLimiter, key: str):
    quick = parse("2/second")
    assert [limiter.hit(quick, key) for _ in range(3)] == [True, True, False]
    until = limiter.get_window_stats(quick, key).reset_time
    eventually(lambda: limiter.test(quick, key), timeout=3, interval=0.01)
    assert time.time() == pytest.approx(until, abs=0.3)
    assert limiter.get_window_stats(quick, key).remaining == 2


def test_what_is_given_back_can_be_taken_again(limiter: FixedWindowRateLimiter, key: str):
    for _ in range(5):
        limiter.hit(SLOW, key)
    limiter.hit(SLOW, key, cost=-2)
    assert [limiter.hit(SLOW, key) for _ in range(3)] == [True, True, False]


def test_looking_takes_nothing(limiter: FixedWindowRateLimiter, key: str):
    assert all(limiter.test(SLOW, key) for _ in range(9))
    assert [limiter.hit(SLOW, key) for _ in range(6)] == [True] * 5 + [False]
    assert not limiter.test(SLOW, key)


def test_a_counter_that_is_cleared_is_at_zero(limiter: FixedWindowRateLimiter, key: str):
    limiter.hit(SLOW, key)
    limiter.clear(SLOW, key)
    assert limiter.get_window_stats(SLOW, key).remaining == 5


def test_many_at_once_take_no_more_than_there_is(limiter: FixedWindowRateLimiter, key: str):
    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(lambda _: limiter.hit(SLOW, key), range(100)))
    assert outcomes.count(True) == 5


def test_a_window_that_is_over_leaves_nothing_behind_in_redis(redis: Redis, key: str):
    counters = RedisCounters(f"shared+{redis.url}")
    FixedWindowRateLimiter(counters).hit(parse("10/second"), key)
    with redis.client() as client:
        assert client.keys(f"*{key}*")
        eventually(lambda: not client.keys(f"*{key}*"), timeout=5)


def test_beyond_the_capacity_the_counter_begun_first_is_forgotten():
    limiter = FixedWindowRateLimiter(MemoryCounters(capacity=2))
    for name in ("ada", "grace", "ada", "linus"):
        limiter.hit(SLOW, name)
    assert [limiter.get_window_stats(SLOW, name).remaining for name in ("ada", "grace", "linus")] == [5, 4, 4]


class TestWhileRedisIsAway:
    @pytest.fixture
    def shared(self, own_redis: Redis) -> list[Any]:
        return [FixedWindowRateLimiter(RedisCounters(f"shared+{own_redis.url}")) for _ in range(2)]

    @pytest.mark.parametrize("how", ["stop", "pause"])
    def test_each_process_counts_alone_and_together_again_afterwards(
        self, shared: list[Any], own_redis: Redis, key: str, how: str
    ):
        assert [shared[number % 2].hit(SLOW, key) for number in range(6)] == [True] * 5 + [False]
        getattr(own_redis, how)()
        for limiter in shared:
            assert [limiter.hit(SLOW, key) for _ in range(6)] == [True] * 5 + [False]
        own_redis.start() if how == "stop" else own_redis.resume()
        other = f"{key}-afterwards"
        eventually(lambda: not any(limiter.storage.is_alone for limiter in shared))
        assert [shared[number % 2].hit(SLOW, other) for number in range(6)] == [True] * 5 + [False]
