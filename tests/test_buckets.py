"""Token buckets in memory and in Redis: the same answers."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_app.buckets import Buckets, Charge, Limit, MemoryBuckets, NoBuckets, RedisBuckets
from tests.services.redis import Redis
from tests.services.waiting import eventually

SLOW = Limit(5, 3600)
"""Nothing to speak of comes back while a test runs."""


@pytest.fixture(params=["memory", "redis"])
def buckets(request: pytest.FixtureRequest) -> Buckets:
    if request.param == "memory":
        return MemoryBuckets()
    return RedisBuckets(request.getfixturevalue("redis").url)


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def passed(buckets: Buckets, *charges: Charge) -> bool:
    return not any(balance.wait for balance in buckets.charge(charges))


def test_a_bucket_holds_so_much_and_no_more(buckets: Buckets, key: str):
    taken = [buckets.charge([Charge(key, SLOW)])[0] for _ in range(7)]
    assert [balance.left for balance in taken] == [4, 3, 2, 1, 0, 0, 0]
    assert [balance.wait > 0 for balance in taken] == [False] * 5 + [True] * 2


def test_the_wait_is_exact(buckets: Buckets, key: str):
    for _ in range(5):
        buckets.charge([Charge(key, SLOW)])
    (balance,) = buckets.charge([Charge(key, SLOW)])
    assert balance.wait == pytest.approx(720, abs=5)
    assert balance.full_in == pytest.approx(3600, abs=5)


def test_it_fills_evenly(buckets: Buckets, key: str):
    quick = Limit(5, 0.5)
    for _ in range(5):
        assert passed(buckets, Charge(key, quick))
    assert not passed(buckets, Charge(key, quick))
    assert eventually(lambda: passed(buckets, Charge(key, quick)), timeout=2, interval=0.02)


def test_when_one_is_empty_nothing_is_taken_of_the_others(buckets: Buckets, key: str):
    small = Charge(f"{key}-small", Limit(1, 3600))
    assert passed(buckets, Charge(key, SLOW), small)
    full, empty = buckets.charge([Charge(key, SLOW), small])
    assert (full.left, full.wait) == (4, 0)
    assert empty.wait > 0


def test_what_is_given_back_can_be_taken_again(buckets: Buckets, key: str):
    for _ in range(5):
        buckets.charge([Charge(key, SLOW)])
    buckets.charge([Charge(key, SLOW, cost=-2)], force=True)
    assert [passed(buckets, Charge(key, SLOW)) for _ in range(3)] == [True, True, False]


def test_more_than_was_taken_cannot_be_given_back(buckets: Buckets, key: str):
    (balance,) = buckets.charge([Charge(key, SLOW, cost=-9)], force=True)
    assert balance.left == 5


def test_looking_takes_nothing(buckets: Buckets, key: str):
    assert {buckets.charge([Charge(key, SLOW, cost=0)])[0].left for _ in range(9)} == {5}
    buckets.charge([Charge(key, SLOW, cost=5)])
    assert not passed(buckets, Charge(key, SLOW, cost=0))


def test_what_cannot_be_refused_counts_at_most_a_full_bucket(buckets: Buckets, key: str):
    for _ in range(9):
        (balance,) = buckets.charge([Charge(key, SLOW)], force=True)
        assert balance.wait == 0
    assert buckets.charge([Charge(key, SLOW)])[0].wait == pytest.approx(720, abs=5)


def test_a_limit_that_is_changed_counts_at_once(buckets: Buckets, key: str):
    for _ in range(5):
        buckets.charge([Charge(key, SLOW)])
    assert buckets.charge([Charge(key, Limit(50, 3600))])[0].left == 44
    assert not passed(buckets, Charge(key, Limit(2, 3600)))


def test_many_at_once_take_no_more_than_there_is(buckets: Buckets, key: str):
    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(lambda _: passed(buckets, Charge(key, SLOW)), range(100)))
    assert outcomes.count(True) == 5


def test_a_charge_of_several_buckets_is_one_round_trip(redis: Redis, key: str):
    buckets = RedisBuckets(redis.url)
    charges = [Charge(f"{key}-{number}", SLOW) for number in range(3)]
    buckets.charge(charges)
    with redis.client() as client:
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        for _ in range(10):
            buckets.charge(charges)
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] - before == 10


def test_a_bucket_that_is_full_again_leaves_nothing_behind(redis: Redis, key: str):
    buckets = RedisBuckets(redis.url)
    buckets.charge([Charge(key, Limit(10, 0.1))])
    with redis.client() as client:
        assert client.keys(f"*{key}*")
        assert eventually(lambda: not client.keys(f"*{key}*"), timeout=5)


def test_beyond_the_capacity_the_longest_unused_is_forgotten():
    buckets = MemoryBuckets(capacity=2)
    for name in ("ada", "grace", "ada", "linus"):
        buckets.charge([Charge(name, SLOW)])
    assert buckets.charge([Charge("ada", SLOW)])[0].left == 2
    assert buckets.charge([Charge("grace", SLOW)])[0].left == 4


def test_without_limits_there_is_no_balance():
    assert NoBuckets().charge([Charge("ada", SLOW)]) == []


class TestWhileRedisIsAway:
    @pytest.fixture
    def shared(self, own_redis: Redis) -> list[RedisBuckets]:
        return [RedisBuckets(own_redis.url), RedisBuckets(own_redis.url)]

    @pytest.mark.parametrize("how", ["stop", "pause"])
    def test_each_process_counts_alone_and_together_again_afterwards(
        self, shared: list[RedisBuckets], own_redis: Redis, key: str, how: str
    ):
        assert [passed(shared[number % 2], Charge(key, SLOW)) for number in range(6)] == [True] * 5 + [False]
        getattr(own_redis, how)()
        for buckets in shared:
            assert [passed(buckets, Charge(key, SLOW)) for _ in range(6)] == [True] * 5 + [False]
        own_redis.start() if how == "stop" else own_redis.resume()
        other = f"{key}-afterwards"
        eventually(lambda: not any(buckets.is_alone for buckets in shared))
        assert [passed(shared[number % 2], Charge(other, SLOW)) for number in range(6)] == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("text", "limit"),
    [("300/minute", Limit(300, 60)), ("10 per 5 minutes", Limit(10, 300)), ("1/hour", Limit(1, 3600))],
)
def test_a_limit_is_written_as_people_say_it(text: str, limit: Limit):
    assert Limit.parse(text) == limit
