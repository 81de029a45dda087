import pytest

from chat_app.realtime.rates import NoLimit, TokenBuckets


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
