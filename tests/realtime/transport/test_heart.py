"""The heartbeat by a clock that the test sets: when clients are pinged, and when they are given up."""

import weakref

import pytest

from chat_app.realtime.transport import heart as module
from chat_app.realtime.transport.heart import LATE, Heart

INTERVAL, PATIENCE = 300.0, 200.0


class Client:
    """What the heart sees of one."""

    closed = False
    pings = 0

    @property
    def server(self) -> "Client":
        return self

    @property
    def reason(self) -> "Client":
        return self

    PING_TIMEOUT = "ping timeout"

    def ping(self) -> None:
        self.pings += 1

    def end(self, reason: str) -> None:
        assert reason == self.PING_TIMEOUT
        self.closed = True


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_request_that_comes_before_the_timer_finds_done_what_is_due(clock: Clock):
    heart, client = Heart(INTERVAL, PATIENCE), Client()
    heart.add(client)  # type: ignore[arg-type]
    heart.catch_up()
    assert client.pings == 0
    clock.now += INTERVAL
    heart.catch_up()
    assert (client.pings, client.closed) == (1, False)
    clock.now += PATIENCE
    heart.catch_up()
    assert client.closed


def test_who_leaves_is_not_kept(clock: Clock):
    heart = Heart(INTERVAL, PATIENCE)
    for wait in (0.0, INTERVAL):
        client = Client()
        heart.add(client)  # type: ignore[arg-type]
        clock.now += wait
        heart.catch_up()
        gone = weakref.ref(client)
        heart.remove(client)  # type: ignore[arg-type]
        del client
        assert gone() is None


def test_a_ping_that_leaves_a_little_late_does_not_move_the_deadline(clock: Clock):
    heart, client = Heart(INTERVAL, PATIENCE), Client()
    heart.add(client)  # type: ignore[arg-type]
    clock.now += INTERVAL + LATE * PATIENCE
    heart.catch_up()
    clock.now += (1 - LATE) * PATIENCE
    heart.catch_up()
    assert client.closed


def test_one_that_leaves_very_late_leaves_the_client_most_of_its_time(clock: Clock):
    heart, client = Heart(INTERVAL, PATIENCE), Client()
    heart.add(client)  # type: ignore[arg-type]
    clock.now += INTERVAL + 10 * PATIENCE
    heart.catch_up()
    assert client.pings == 1
    clock.now += (1 - LATE) * PATIENCE - 1
    heart.catch_up()
    assert not client.closed
    heart.answered(client)  # type: ignore[arg-type]
    clock.now += 2
    heart.catch_up()
    assert not client.closed
