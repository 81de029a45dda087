"""The bus by itself: what it writes, how it knows its own, what it refuses to deliver."""

import json
from collections import deque

import pytest
from flask import Flask

from chat_app.realtime.bus import Bus
from chat_app.realtime.transport import redis as module


class Recorder(Bus):
    """Delivers into a list."""

    def __init__(self, url: str = "", **options: bool) -> None:
        super().__init__(Flask("test"), url, **options)
        self.delivered: list[dict[str, object]] = []

    def _handle_emit(self, message: dict[str, object]) -> None:
        self.delivered.append(message)

    def _start(self) -> None:
        pass


class Subscription:
    """Hears what the test put into it, then nothing for longer than the bus waits."""

    def __init__(self, *messages: bytes) -> None:
        self.waiting = deque(messages)

    def messages(self) -> list[bytes]:
        return [self.waiting.popleft()] if self.waiting else []


@pytest.fixture
def hear(monkeypatch: pytest.MonkeyPatch):
    """Have a bus listen to these messages until it takes the subscription for dead."""

    def listen(bus: Bus, *messages: bytes) -> None:
        subscription, clock = Subscription(*messages), [100.0]

        def now() -> float:
            clock[0] += 0 if subscription.waiting else 5
            return clock[0]

        monkeypatch.setattr(module.time, "monotonic", now)
        bus.heard_at = 100.0
        bus._hear(subscription)

    return listen


def emitted(bus: Bus, **changes: object) -> bytes:
    message = {"method": "emit", "event": "message", "data": [{}], "namespace": "/chat", "room": "c:1"}
    return bus._on_wire({**message, "host_id": bus.host_id, **changes})


def test_the_sender_stands_first_whatever_the_message():
    bus = Recorder("redis://x")
    written = bus._on_wire({"method": "callback", "args": ["ü"], "host_id": "another"})
    assert written.startswith(f'{{"from": "{bus.host_id}", '.encode())
    assert json.loads(written) == {"from": bus.host_id, "method": "callback", "args": ["ü"], "host_id": "another"}


def test_one_s_own_messages_are_not_delivered_twice(hear):
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    hear(bus, emitted(bus), emitted(other, event="of another"), emitted(bus))
    assert [message["event"] for message in bus.delivered] == ["of another"]


def test_a_sender_whose_name_begins_alike_is_another(hear):
    bus = Recorder("redis://x")
    hear(bus, emitted(bus, **{"from": bus.host_id + "0"}))
    assert len(bus.delivered) == 1


@pytest.mark.parametrize("garbage", [b"", b"{", b"null", b"[]", b"\xff", b'{"host_id": "x"}', b'{"method": 5}'])
def test_what_is_not_understood_is_skipped(hear, garbage: bytes):
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    hear(bus, garbage, emitted(other))
    assert len(bus.delivered) == 1


def test_a_subscription_that_hears_nothing_of_oneself_is_dead(hear):
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    hear(bus, *(emitted(other) for _ in range(3)))  # returns: the others do not keep it alive
    assert len(bus.delivered) == 3


def test_a_local_event_is_delivered_at_once_and_waits_for_redis():
    bus = Recorder("redis://x")
    bus.publish_event("message", {"id": 1}, namespace="/chat", room="c:1")
    assert [message["data"] for message in bus.delivered] == [[{"id": 1}]]
    assert len(bus._outgoing) == 1


def test_without_redis_nothing_waits():
    bus = Recorder()
    bus.publish_event("message", {}, namespace="/chat", room="c:1")
    assert (len(bus.delivered), len(bus._outgoing)) == (1, 0)


def test_what_the_guard_refuses_is_not_delivered():
    bus = Recorder()
    bus.before_delivery = lambda conversation_id, rev: (conversation_id, rev) == ("open", 1)
    for guard in (("closed", 1), ("open", 2), ("open", 1), None):
        bus.publish_event("message", {"guard": guard}, namespace="/chat", room="c:1", guard=guard)
    assert [message["data"] for message in bus.delivered] == [[{"guard": ("open", 1)}], [{"guard": None}]]


def test_told_methods_reach_their_handlers():
    bus, heard = Recorder(), []
    bus.on("presence", heard.append)
    bus.tell("presence", user_id="ada")
    bus.tell("something unknown", user_id="grace")
    assert [message["user_id"] for message in heard] == ["ada"]


def test_the_oldest_are_dropped_beyond_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_OUTGOING", 3)
    bus = Recorder("redis://x")
    for number in range(5):
        bus.tell("presence", user_id=number)
    assert [message["user_id"] for message in bus._outgoing] == [2, 3, 4]
    assert bus._overflowed


def test_an_interruption_elsewhere_has_one_s_clients_sync(hear):
    bus, told = Recorder("redis://x"), []
    bus.on_interruption = lambda: told.append("sync")
    hear(bus, Recorder("redis://x")._on_wire({"method": "interrupted"}))
    assert told == ["sync"]
