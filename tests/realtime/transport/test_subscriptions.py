"""Which channels are wanted, and for how long."""

import pytest

from chat_app.realtime.transport import subscriptions as module
from chat_app.realtime.transport.subscriptions import Subscriptions


class Channels:
    def __init__(self) -> None:
        self.said: list[str] = []

    def subscribe(self, channel: bytes) -> None:
        self.said.append(f"+{channel.decode()}")

    def unsubscribe(self, channel: bytes) -> None:
        self.said.append(f"-{channel.decode()}")


@pytest.fixture
def channels() -> Channels:
    return Channels()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_first_room_of_a_channel_subscribes_and_the_last_leaves_it_later(channels: Channels, clock: list[float]):
    subscriptions = Subscriptions(channels)
    subscriptions.enter(b"a")
    subscriptions.enter(b"a")
    subscriptions.leave(b"a")
    subscriptions.leave(b"a")
    clock[0] = module.LINGER - 1
    subscriptions.sweep()
    assert channels.said == ["+a"]
    clock[0] = module.LINGER
    subscriptions.sweep()
    assert channels.said == ["+a", "-a"]


def test_people_who_reconnect_cost_nothing(channels: Channels, clock: list[float]):
    subscriptions = Subscriptions(channels)
    for _ in range(3):
        subscriptions.enter(b"a")
        subscriptions.leave(b"a")
        clock[0] += module.LINGER - 1
        subscriptions.sweep()
    subscriptions.enter(b"a")
    clock[0] += 1000
    subscriptions.sweep()
    assert channels.said == ["+a"]


def test_only_so_many_empty_channels_are_kept(channels: Channels, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_LINGERING", 2)
    subscriptions = Subscriptions(channels)
    for name in (b"a", b"b", b"c"):
        subscriptions.enter(name)
        subscriptions.leave(name)
    assert channels.said == ["+a", "+b", "+c", "-a"]


def test_what_was_never_entered_is_not_left(channels: Channels):
    subscriptions = Subscriptions(channels)
    subscriptions.leave(b"a")
    subscriptions.sweep()
    assert channels.said == []
