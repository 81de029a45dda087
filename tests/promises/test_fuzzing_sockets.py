"""P29: every event of the AsyncAPI document with anything in it, over real sockets.

Each call is answered as the document says, the socket stays open and works, its neighbours notice nothing, and the
process does not grow.
"""

import http.client
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from websocket import ABNF, WebSocketException

from chat_app.errors import STATUS
from tests.promises.odd_values import garble, scramble, sweep, text
from tests.promises.operations import Event, events
from tests.services.people import People
from tests.services.wire import Wire

pytestmark = pytest.mark.promise("P29")

AT_ONCE = 40
"""Calls under way at a time."""
NOBODYS_FAULT = {"internal_error", "unavailable"}
"""What no call may be answered here, where nothing is away."""
GROWTH = 8.0
"""MiB that a process may have grown beyond what the first rounds took. The allocator gives back and takes again up to
5 MiB from one round to the next; a leak of the payloads, or of a traceback for each call, makes more."""
Call = tuple[Event, list[Any]]


class Fuzzer:
    """Somebody who sends anything, beside two others who go on talking at the same process."""

    def __init__(self, people: People) -> None:
        self.server = people.deployment.servers[0]
        self.url = people.deployment.url
        self.person, self.friend, self.neighbour = (people.one().at(self.url) for _ in range(3))
        self.group, self.others = self.person.group(self.friend), self.neighbour.group(self.friend)
        self.events = events(self.url)
        self.sockets = {
            "/chat": people.chat(self.person, self.url),
            "/presence": people.presence(self.person, self.url),
        }
        self.speaker, self.listener = people.chat(self.neighbour, self.url), people.chat(self.friend, self.url)
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        self._wire = Wire(self.url, self.person)
        self._logged = self.server.log.stat().st_size

    def good(self, event: Event) -> dict[str, Any]:
        """A valid payload."""
        message = self.person.say(self.group, "hello")["id"]
        ids = {"conversation_id": self.group, "conversations": self.group, "message_id": message}
        return event.payload(ids | {"reply_to_id": message, "user_ids": [self.friend.id], "token": self.person.token})

    def swept(self) -> Iterator[Call]:
        """Every odd value in every place."""
        for event in self.events:
            fields = event.document.resolve(event.schema)["properties"]
            yield from ((event, arguments) for arguments in sweep(self.good(event), fields))

    def scrambled(self, seed: int, count: int) -> Iterator[Call]:
        """Always the same ones for a seed."""
        chance = random.Random(seed)
        good = {event: self.good(event) for event in self.events}
        for _ in range(count):
            event = chance.choice(self.events)
            yield event, scramble(good[event], chance)

    def call(self, calls: Iterator[Call]) -> None:
        under_way: list[tuple[Call, Future[Any]]] = []
        for event, arguments in calls:
            under_way.append(((event, arguments), self._begin(event, arguments)))
            if len(under_way) == AT_ONCE:
                self._settle(under_way)
        self._settle(under_way)

    def _begin(self, event: Event, arguments: list[Any]) -> "Future[Any]":
        socket = self.sockets[event.namespace]
        try:
            return socket.begin_text(event.name, as_json(arguments)[1:-1])
        except TypeError:  # bytes: the client sends them apart
            return socket.begin(event.name, *arguments)

    def _settle(self, under_way: list[tuple[Call, "Future[Any]"]]) -> None:
        self.others_talk()
        for (event, arguments), answer in under_way:
            what = f"{event.name} {str(arguments)[:500]}"
            assert not answer.exception(30), f"{what}: not answered"
            outcome = "ok" if answer.result()["ok"] else answer.result()["error"]["code"]
            assert outcome in {"ok", *STATUS} - NOBODYS_FAULT, f"{what}: {answer.result()}"
            self.outcomes[outcome] += 1
        under_way.clear()

    def throw(self, calls: Iterator[Call], chance: random.Random) -> int:
        """The same without asking for answers; returns how many. Beside it somebody sends what is no packet, over one
        connection after the other: the protocol wants it ended for that.
        """
        packets = 0
        for event, arguments in calls:
            socket = self.sockets[event.namespace]
            packet = f"2{event.namespace},{as_json([event.name, *arguments])}"
            garbled = garble(packet[:2000], chance)
            wrong = [garbled, f"3{garbled[1:]}", f"5{chance.randint(0, 3)}-{garbled[1:]}", chance.randbytes(300)]
            socket.raw(packet)
            self._send_somewhere(chance.choice(wrong))
            packets += 2
            if packets % AT_ONCE == 0:
                socket.call("not_an_event")
                self.others_talk()
        return packets

    def _send_somewhere(self, packet: str | bytes) -> None:
        data = packet if isinstance(packet, bytes) else f"4{packet}".encode("utf-8", "surrogatepass")
        try:
            self._wire.websocket.send(data, ABNF.OPCODE_BINARY if isinstance(packet, bytes) else ABNF.OPCODE_TEXT)
        except (OSError, WebSocketException):
            self._wire.close()
            self._wire = Wire(self.url, self.person)

    def others_talk(self) -> None:
        """Whatever goes on beside them."""
        began, word = time.monotonic(), uuid.uuid4().hex
        self.speaker.do("send_message", {"conversation_id": self.others, "client_msg_id": word, "content": word})
        self.listener.wait_for("message", lambda message: message["content"] == word)
        self.listener.clear()
        self.slowest = max(self.slowest, time.monotonic() - began)

    def assert_unharmed(self) -> None:
        for event in self.events:
            self.sockets[event.namespace].do(event.name, self.good(event))
        self.others_talk()
        with self.server.log.open() as log:
            log.seek(self._logged)
            assert "Traceback" not in log.read()


def as_json(value: Any) -> str:
    """Characters as they are; halves of surrogate pairs have to be escaped."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


@pytest.fixture
def fuzzer(people: People) -> Fuzzer:
    return Fuzzer(people)


def test_every_call_of_an_event_with_anything_in_it_is_answered(fuzzer: Fuzzer, soak: bool, figure):
    fuzzer.call(fuzzer.swept())
    swept = fuzzer.server.memory
    fuzzer.call(fuzzer.scrambled(seed=0, count=800))
    before = max(swept, fuzzer.server.memory)
    for seed in range(1, 61 if soak else 4):
        fuzzer.call(fuzzer.scrambled(seed, count=800))
        if soak:
            fuzzer.call(fuzzer.swept())
    grown = fuzzer.server.memory - before
    fuzzer.assert_unharmed()
    assert grown < GROWTH
    figure(
        f"{fuzzer.outcomes.total():,} calls of {len(fuzzer.events)} events, {fuzzer.outcomes['ok']:,} of them done, "
        f"all answered, no socket closed; {grown:+.1f} MiB; the others waited {fuzzer.slowest:.2f} s at most"
    )


def test_what_is_no_event_or_asks_for_no_answer_harms_nobody(fuzzer: Fuzzer, soak: bool, figure):
    chance = random.Random(29)
    packets, before = 0, 0.0
    for seed in range(100, 160 if soak else 104):
        packets += fuzzer.throw(fuzzer.scrambled(seed, count=500), chance)
        if seed < 102:
            before = max(before, fuzzer.server.memory)
    grown = fuzzer.server.memory - before
    fuzzer.assert_unharmed()
    assert grown < GROWTH
    figure(f"{packets:,} packets that make no sense or want no answer: the others' sockets stay; {grown:+.1f} MiB")


def test_what_is_posted_to_the_polling_transport_harms_nobody(fuzzer: Fuzzer, soak: bool, figure):
    chance = random.Random(30)
    good = f'42/chat,7["typing",{{"conversation_id":"{fuzzer.group}","on":true}}]'
    statuses: Counter[int] = Counter()
    place = urlsplit(fuzzer.url)
    for _ in range(3000 if soak else 300):
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        connection.request("GET", "/socket.io/?EIO=4&transport=polling")
        session = json.loads(connection.getresponse().read()[1:])["sid"]
        for _ in range(3):
            body = "\x1e".join(garble(good, chance) for _ in range(chance.randint(0, 4))).encode(
                "utf-8", "surrogatepass"
            )
            body = chance.choice([body, body, chance.randbytes(200), b"", b"d=", b"b!", b"6" + b"\x1e6" * 300])
            query = chance.choice(
                [
                    "",
                    "",
                    "&j=1",
                    "&j=x",
                    "&transport=websocket",
                    "&EIO=3",
                    "&" + quote(text(chance), errors="surrogatepass"),
                ]
            )
            connection.request("POST", f"/socket.io/?EIO=4&transport=polling&sid={session}{query}", body)
            with connection.getresponse() as answer:
                answer.read()
                statuses[answer.status] += 1
        connection.close()
    fuzzer.assert_unharmed()
    assert set(statuses) <= {200, 400}
    figure(f"{statuses.total():,} posts of anything to the polling transport: {dict(statuses)}")
