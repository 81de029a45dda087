"""The bus by itself: what it writes, how it knows its own, what it refuses to deliver."""

import json
from types import SimpleNamespace

import pytest
from flask import Flask

from chat_app.realtime.bus import Bus
from chat_app.realtime.transport.packets import MESSAGE, Packet


class Link:
    """As far as a bus needs it."""

    heard_at = 0.0


class Network:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[bytes, bytes]] = []

    def publish(self, channel: bytes, data: bytes) -> None:
        self.published.append((channel, data))


class Recorder(Bus):
    """Has a client in each room, whom it delivers to by putting the text into a list."""

    def __init__(self, url: str = "", **options: bool) -> None:
        super().__init__(Flask("test"), url, **options)
        self.delivered: list[str] = []
        self.network = Network() if url else None
        engine = SimpleNamespace(deliver=None, generate_id=lambda: "random")
        self.server = SimpleNamespace(eio=engine, encode=self._encode)

    def _start(self) -> Network | None:  # type: ignore[override]
        return self.network

    def _participants(self, namespace: str, room: object) -> list[tuple[str, str]]:
        return [("sid", "engine sid")]

    @staticmethod
    def _encode(kind: int, data: object, namespace: str) -> list[Packet]:
        return [Packet(MESSAGE, json.dumps(data))]

    def deliver_packets(self, namespace: str, room: object, skip_sid: object, packets: list[Packet]) -> None:
        self.delivered += [packet.data for packet in packets]

    def hear(self, *messages: bytes) -> Link:
        link = Link()
        self._hear(list(messages), link)  # type: ignore[arg-type]
        return link


def emitted(bus: Recorder, event: str = "message", **options: object) -> bytes:
    """What a bus publishes for an event."""
    bus.publish_event(event, {}, namespace="/chat", room="c:1", **options)  # type: ignore[arg-type]
    assert bus.network
    return bus.network.published[-1][1]


def told(bus: Bus, **fields: object) -> bytes:
    return bus._on_wire({"host_id": bus.host_id, **fields})


def test_the_sender_stands_first_whatever_the_message():
    bus = Recorder("redis://x")
    written = bus._on_wire({"method": "callback", "args": ["ü"], "host_id": "another"})
    assert written.startswith(f'{{"from": "{bus.host_id}", '.encode())
    assert json.loads(written) == {"from": bus.host_id, "method": "callback", "args": ["ü"], "host_id": "another"}
    assert emitted(bus).startswith(f"{bus.host_id}\n".encode())


def test_an_event_travels_as_its_clients_get_it():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    other.hear(emitted(bus))
    assert other.delivered == bus.delivered == ['["message", {}]']


def test_one_s_own_messages_are_not_delivered_twice():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    own = emitted(bus)
    bus.delivered.clear()
    bus.hear(own, emitted(other, "of another"), own)
    assert bus.delivered == ['["of another", {}]']


def test_a_sender_whose_name_begins_alike_is_another():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    other.host_id = bus.host_id + "0"
    other._own = (other.host_id.encode() + b"\n", b"")
    bus.hear(emitted(other))
    assert len(bus.delivered) == 1


GARBAGE = [b"", b"{", b"null", b"[]", b"\xff", b'{"host_id": "x"}', b'{"method": 5}', b"x\n", b"x\n[]\ny", b"x\n{\ny"]


@pytest.mark.parametrize("garbage", [*GARBAGE, b'x\n["/chat","c:1",null,null]\n\xff', b'x\n["/chat"]\ny'])
def test_what_is_not_understood_is_skipped(garbage: bytes):
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    bus.hear(garbage, emitted(other))
    assert len(bus.delivered) == 1


def test_only_what_comes_back_to_oneself_shows_that_a_link_lives():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    assert bus.hear(emitted(other), told(other, method="presence")).heard_at == 0.0
    assert bus.hear(emitted(bus)).heard_at > 0.0
    assert bus.hear(told(bus, method="presence")).heard_at > 0.0


def test_a_local_event_is_delivered_at_once_and_waits_for_redis():
    bus = Recorder("redis://x")
    bus.publish_event("message", {"id": 1}, namespace="/chat", room="c:1")
    assert bus.delivered == ['["message", {"id": 1}]']
    assert bus.network
    assert len(bus.network.published) == 1


def test_without_redis_nothing_waits():
    bus = Recorder()
    bus.publish_event("message", {}, namespace="/chat", room="c:1")
    assert len(bus.delivered) == 1


def test_what_the_guard_refuses_is_not_delivered():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    bus.before_delivery = lambda conversation_id, rev: (conversation_id, rev) == ("open", 1)
    for guard in (("closed", 1), ("open", 2), ("open", 1), None):
        bus.publish_event(f"here {guard}", {}, namespace="/chat", room="c:1", guard=guard)
        bus.hear(emitted(other, f"there {guard}", guard=guard))
    events = [json.loads(text)[0] for text in bus.delivered]
    assert events == ["here ('open', 1)", "there ('open', 1)", "here None", "there None"]


def test_a_guard_holds_for_what_a_process_without_a_server_publishes(monkeypatch: pytest.MonkeyPatch):
    """Which is not encoded for clients."""
    bus, worker = Recorder("redis://x"), Recorder("redis://x", write_only=True)
    bus.before_delivery = lambda conversation_id, rev: rev == 1
    worker.network, sent = None, []
    monkeypatch.setattr(worker, "_send_now", lambda address, channel, data: sent.append((channel, data)))
    for rev in (1, 2):
        worker.publish_event("news", {"rev": rev}, namespace="/chat", room="c:1", guard=("id", rev))
    bus.hear(*(data for _, data in sent))
    assert bus.delivered == ['["news", {"rev": 1}]']
    assert {channel for channel, _ in sent} == {bus._shards.of_room("/chat", "c:1")}


def test_told_methods_reach_their_handlers():
    bus, heard = Recorder(), []
    bus.on("presence", heard.append)
    bus.tell("presence", user_ids=["ada"])
    bus.tell("something unknown", user_id="grace")
    assert [message["user_ids"] for message in heard] == [["ada"]]


def test_an_interruption_elsewhere_has_one_s_clients_sync():
    bus, happened = Recorder("redis://x"), []
    bus.on_interruption = lambda: happened.append("sync")
    bus.hear(Recorder("redis://x")._on_wire({"method": "interrupted"}))
    assert happened == ["sync"]


def channels_of(bus: Recorder) -> list[bytes]:
    assert bus.network
    return [channel for channel, _ in bus.network.published]


def test_what_concerns_one_room_or_one_process_goes_to_those_alone():
    bus, other = Recorder("redis://x"), Recorder("redis://x")
    its_room, its_process = bus._shards.of_room("/chat", "c:1"), bus._shards.of_host(other.host_id)
    bus.publish_event("message", {}, namespace="/chat", room="c:1")
    bus.emit("message", {}, namespace="/chat", room="c:1")
    bus.emit("message", {}, namespace="/chat", to=other.new_sid())
    bus._publish({"method": "callback", "host_id": other.host_id})
    bus._publish({"method": "disconnect", "namespace": "/chat", "sid": other.new_sid()})
    assert channels_of(bus) == [its_room, its_room, its_process, its_process, its_process]


def test_what_concerns_everybody_goes_to_everybody():
    bus = Recorder("redis://x")
    bus.tell("presence", user_ids=["ada"])
    bus.emit("news", {}, namespace="/chat")
    bus.emit("news", {}, namespace="/chat", room=["c:1", "c:2"])
    bus.emit("presence", {}, namespace="/presence", room="p:1")
    assert channels_of(bus) == [b"chatsphere"] * 4
