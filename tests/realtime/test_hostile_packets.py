"""What a client sends below the level of events: harms nobody else, and itself only where the protocol says so."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from websocket import ABNF

from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.waiting import eventually
from tests.services.wire import Wire

MEGABYTE = b"m" * 2**20
PROTOCOL_ERROR, MESSAGE_TOO_BIG = "1002", "1009"  # RFC 6455, 7.4.1


@pytest.fixture
def wire(embedded: Deployment) -> Iterator[Wire]:
    with Wire(embedded.url, Api(embedded.url).register()) as wire:
        yield wire


@pytest.fixture
def logged(embedded: Deployment) -> Callable[[], str]:
    """What the server has logged since the test began."""
    before = embedded.servers[0].log.stat().st_size
    return lambda: embedded.servers[0].log.read_bytes()[before:].decode()


def works(wire: Wire) -> bool:
    return bool(wire.call("sync", {})["ok"])


def works_or_ended(wire: Wire) -> bool:
    """What breaks the protocol ends the connection; the library's own server drops it."""
    try:
        return works(wire)
    except ConnectionError as error:
        return str(error) in (PROTOCOL_ERROR, MESSAGE_TOO_BIG)


def ended(wire: Wire) -> bool:
    with contextlib.suppress(ConnectionError):
        while wire.read():
            pass
    return True


def sockets_open(url: str) -> int:
    count: int = Api(url).get("//health").must()["connections"]
    return count


@pytest.mark.parametrize("text", ["x", "", "4" + "[" * 5000, "é"])
def test_what_engine_io_cannot_read_ends_the_connection_and_leaves_nothing(
    embedded: Deployment, logged: Callable[[], str], text: str
):
    ada = Api(embedded.url).register()
    before = sockets_open(embedded.url)
    with Wire(embedded.url, ada) as wire:
        eventually(lambda: sockets_open(embedded.url) == before + 1)
        wire.send(text)
        assert ended(wire)
        eventually(lambda: sockets_open(embedded.url) == before)
    assert "Traceback" not in logged()


@pytest.mark.parametrize(
    "frames",
    [
        ('451-/chat,["sync",{"_placeholder":true,"num":5}]', b"bytes"),
        ('451-/chat,["sync",{"_placeholder":true,"num":-7}]', b"bytes"),
        ('451-/chat,["sync",{"_placeholder":true,"num":"first"}]', b"bytes"),
        ('451-/chat,["sync",' + "[" * 800 + "]" * 800 + "]", b"bytes"),
        ('452-/chat,["sync",{"_placeholder":true,"num":0}]', b"the second never comes"),
        ('450-/chat,["sync"]',),
        ('4511-/chat,["sync"]', *[b"bytes"] * 11),
        ('459999999999-/chat,["sync"]', b"bytes"),
        ("461-/chat,1[]", b"bytes"),
        (b"bytes of nothing",),
        (b"",),
    ],
    ids=lambda frames: f"{len(frames)}-{str(frames[0])[:60]}",
)
def test_attachments_that_do_not_fit_their_packet_harm_nobody(
    embedded: Deployment, wire: Wire, logged: Callable[[], str], frames: tuple[str | bytes, ...]
):
    wire.send(*frames)
    assert works_or_ended(wire)
    with Wire(embedded.url, Api(embedded.url).register()) as other:
        assert works(other)
    assert "Traceback" not in logged()


@pytest.mark.parametrize(
    "text",
    [
        *('["sync",{"epoch":}]', '["sync"', '["sync",{}]]', "[" * 5000, '["sync",{"limit":' + "9" * 5000 + "}]"),
        *("", "[]", "null", "{}", "7", "[null]", "[7]", '[["sync"]]', '[{"sync":{}}]', "[" * 900 + "]" * 900),
    ],
    ids=lambda text: text[:20] + str(len(text)),
)
def test_nobody_waits_for_the_answer_to_an_event_that_cannot_be_read(wire: Wire, text: str):
    wire.send(f"42/chat,8{text}")
    assert answered_or_ended(wire)


def test_nor_to_one_with_more_attachments_than_a_packet_may_have(wire: Wire):
    wire.send('4511-/chat,8["sync"]', *[b"bytes"] * 11)
    assert answered_or_ended(wire)


def answered_or_ended(wire: Wire) -> bool:
    try:
        return '"code":"bad_request"' in wire.read_until("43/chat,8") and works(wire)
    except ConnectionError as error:
        return str(error) == PROTOCOL_ERROR


def test_attachments_are_not_kept_while_the_last_one_does_not_come(embedded: Deployment):
    person = Api(embedded.url).register()
    with contextlib.ExitStack() as stack:
        memory = []
        for _ in range(6):
            wire = stack.enter_context(Wire(embedded.url, person))
            with contextlib.suppress(ConnectionError):
                wire.send('4510-/chat,["sync"]', *[MEGABYTE] * 9, "5")
                wire.read_until("6")  # Engine.IO answers in order, or ends: all of it has been read
            memory.append(embedded.servers[0].memory)
    assert memory[-1] - memory[0] < 10


def frames(content: bytes, opcode: int, *, final: int = 1) -> bytes:
    return bytes(ABNF.create_frame(content, opcode, fin=final).format())


FLOODS = {
    "messages of a megabyte": frames(MEGABYTE, ABNF.OPCODE_BINARY) * 100,
    "fragments of nothing": frames(b"", ABNF.OPCODE_TEXT, final=0) + frames(b"", ABNF.OPCODE_CONT, final=0) * 1_000_000,
}


@pytest.mark.parametrize("kind", FLOODS)
def test_who_sends_without_a_pause_does_not_keep_the_others_waiting(embedded: Deployment, wire: Wire, kind: str):
    """Somebody who is not even signed in."""
    with Wire(embedded.url) as stranger, ThreadPoolExecutor() as threads:
        flood = threads.submit(stranger.websocket.sock.sendall, FLOODS[kind])
        slowest = 0.0
        while not flood.done():
            began = time.monotonic()
            assert works(wire)
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2, "seconds; the whole flood takes longer than that when it holds up the process"


def test_a_message_may_not_grow_without_end_in_fragments(embedded: Deployment):
    with Wire(embedded.url) as stranger:
        stranger.send_fragments(b"4", *[MEGABYTE] * 4)
        with pytest.raises(ConnectionError, match=MESSAGE_TOO_BIG):
            stranger.read()


def test_a_message_in_many_fragments_is_read_whole(wire: Wire):
    text = b'42/chat,777["sync",{"epoch":"\xc3\xa9"}]'
    wire.send_fragments(*[text[at : at + 1] for at in range(len(text))], b"", ends=True)
    assert '"ok":true' in wire.read_until("43/chat,777")


@pytest.mark.parametrize("body", [b"", b"6", b"x", b"\xff", b"d=", b"b!", b"4" + b"[" * 5000, b"6\x1e" * 300, b"1"])
def test_a_post_that_cannot_be_read_is_answered(embedded: Deployment, logged: Callable[[], str], body: bytes):
    place = urlsplit(embedded.url)
    with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=15)) as connection:
        connection.request("GET", "/socket.io/?EIO=4&transport=polling")
        session = json.loads(connection.getresponse().read()[1:])["sid"]
        for _ in range(2):
            connection.request("POST", f"/socket.io/?EIO=4&transport=polling&sid={session}", body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 400)
    assert "Traceback" not in logged()


def test_drafts_of_the_websocket_protocol_are_not_spoken(embedded: Deployment):
    place = urlsplit(embedded.url)
    with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=15)) as connection:
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": embedded.url}
        connection.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        assert connection.getresponse().status in (400, 426)


def test_a_connection_on_which_nobody_is_signed_in_is_ended(embedded: Deployment, wire: Wire):
    person = Api(embedded.url).register()
    with Wire(embedded.url) as stranger, Wire(embedded.url, person) as ended_session, ThreadPoolExecutor() as threads:
        person.post("/auth/logout").must(204)
        for ending in (threads.submit(ended, stranger), threads.submit(ended, ended_session)):
            assert ending.result(timeout=40)
    assert works(wire)


def test_there_is_no_namespace_but_ours(embedded: Deployment):
    with Wire(embedded.url) as stranger:
        for namespace in ("", "/,", "/other,"):
            stranger.send(f"40{namespace}")
            assert stranger.read_until("44")
