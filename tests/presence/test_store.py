"""Where presence is kept: in memory and in Redis alike."""

import time
from collections.abc import Callable, Iterator

import pytest

from chat_app.presence.store import (
    REMEMBERED,
    TIME_TO_LIVE,
    Entry,
    MemoryPresence,
    PresenceStore,
    RedisPresence,
    State,
    combine,
)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[PresenceStore]:
    if request.param == "memory":
        yield MemoryPresence()
    else:
        redis = RedisPresence(request.getfixturevalue("redis").aside)
        yield redis
        redis._redis.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [time.time()]
    monkeypatch.setattr("chat_app.presence.store.time.time", lambda: moment[0])
    return moment


@pytest.fixture
def status(store: PresenceStore) -> Callable[[str], str]:
    return lambda person: store.states([person])[person].status


@pytest.fixture
def ada(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return request.node.name


def test_an_unknown_person_is_offline_and_was_never_seen(store: PresenceStore, ada: str):
    assert store.states([ada]) == {ada: State("offline", None)}
    assert store.states([]) == {}


def test_a_device_counts_for_its_time(store: PresenceStore, clock: list[float], ada: str, status):
    store.put([Entry(ada, {"phone": "online"}, 10)])
    clock[0] += 9
    assert status(ada) == "online"
    clock[0] += 2
    assert store.states([ada])[ada] == State("offline", pytest.approx(clock[0] - 1, abs=0.01))


def test_renewing_prolongs_it(store: PresenceStore, clock: list[float], ada: str, status):
    for _ in range(3):
        store.put([Entry(ada, {"phone": "away"}, 10)])
        clock[0] += 9
    assert status(ada) == "away"


def test_the_liveliest_device_counts(store: PresenceStore, clock: list[float], ada: str, status):
    store.put([Entry(ada, {"phone": "online"}, 5)])
    store.put([Entry(ada, {"laptop": "away"}, 10)])
    assert status(ada) == "online"
    clock[0] += 6
    assert status(ada) == "away"


def test_who_ran_out_is_found_once(store: PresenceStore, clock: list[float], ada: str):
    begun = clock[0]
    store.put([Entry(ada, {"phone": "online"}, 10)])
    store.put([Entry(ada, {"laptop": "online"}, 20)])
    assert ada not in store.expired_between(begun, begun + 15)
    assert ada in store.expired_between(begun + 15, begun + 25)
    assert ada not in store.expired_between(begun + 25, begun + 30)


def test_many_come_and_go_in_one_step(store: PresenceStore, clock: list[float], ada: str):
    """Of one device the later entry counts, and one that leaves does not take those with it that stay."""
    grace, begun = f"grace-{ada}", clock[0]
    store.put([Entry(ada, {"phone": "online", "laptop": "away"}, TIME_TO_LIVE), Entry(grace, {"phone": "online"}, 40)])
    store.put(
        [Entry(ada, {"phone": "online"}, 40), Entry(ada, {"phone": "away"}, 1), Entry(grace, {"phone": "away"}, 1)]
    )
    states = store.states([ada, grace])
    assert [states[person].status for person in (ada, grace)] == ["away", "away"]
    assert store.expired_between(begun, begun + 2) >= {grace}
    assert ada not in store.expired_between(begun, begun + 2)
    assert ada in store.expired_between(begun, begun + TIME_TO_LIVE)


def test_who_is_online_is_found(store: PresenceStore, clock: list[float], ada: str):
    store.put([Entry(ada, {"phone": "online"}, 1000)])
    assert ada in store.online(5000)
    clock[0] += 1001
    assert ada not in store.online(5000)


def test_old_devices_and_old_people_are_forgotten(clock: list[float]):
    store = MemoryPresence()
    for number in range(50):
        store.put([Entry("ada", {f"device {number}": "online"}, 1)])
        clock[0] += 10
    assert len(store._people["ada"]) <= 2
    clock[0] += REMEMBERED + 3600
    store.put([Entry("grace", {"phone": "online"}, 1)])
    assert set(store._people) == {"grace"}


def test_without_devices_nothing_is_known():
    assert combine([], 100) == State("offline", None)
    assert combine([("away", 90), ("online", 80)], 100) == State("offline", 90)
