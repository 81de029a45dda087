"""Whatever bytes come, on both levels: nothing reaches the hub, nothing is left behind, the others are served."""

import contextlib
import os
import random
import socket
from collections.abc import Callable

import pytest
import websocket

from tests.realtime.transport.conftest import Echo
from tests.realtime.transport.test_frames import frame
from tests.realtime.transport.test_socket_io import connected
from tests.services.waiting import eventually

ROUNDS = 1500 if os.environ.get("SOAK") else 150
ALPHABET = [
    '"',
    "[",
    "]",
    "{",
    "}",
    ",",
    "-",
    "/",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "9",
    "\x00",
    "\x1e",
    "é",
    "\ud7ff",
]
PIECES = [
    '42["message",1]',
    '451-["message",{"_placeholder":true,"num":0}]',
    '4212["message-with-ack",{}]',
    "40/custom,",
    "41",
    '["message"]',
    '{"_placeholder":true,"num":1}',
    "/custom,",
    "3",
    "2probe",
    "5",
    "b!",
]


def some_text(chance: random.Random) -> str:
    parts = [chance.choice(PIECES if chance.random() < 0.4 else ALPHABET) for _ in range(chance.randrange(1, 8))]
    return "4" * (chance.random() < 0.5) + "".join(parts)


def raw_frames(server: Echo, chance: random.Random) -> None:
    """Frames that are whole, broken, cut, on a websocket that is then dropped without a word."""
    link = server.websocket()
    for _ in range(chance.randrange(1, 30)):
        data = bytearray(
            frame(chance.choice((0, 1, 1, 2, 8, 9, 10)), some_text(chance).encode(), fin=chance.random() < 0.8)
        )
        if chance.random() < 0.3:
            data[chance.randrange(min(6, len(data)))] = chance.randrange(256)
        link.write(bytes(data[: chance.randrange(1, len(data) + 1)] if chance.random() < 0.1 else data))
    link.link.shutdown()


def packets(server: Echo, chance: random.Random) -> None:
    link = server.websocket()
    link.send("40")
    for _ in range(chance.randrange(1, 30)):
        link.send(os.urandom(5) if chance.random() < 0.1 else some_text(chance))
    link.link.close(timeout=0.1)


def polls(server: Echo, chance: random.Random) -> None:
    session = server.session()
    for _ in range(4):
        body = "\x1e".join(some_text(chance) for _ in range(chance.randrange(1, 5)))
        session.post(body.encode() + (b"\xff" if chance.random() < 0.2 else b""))


def upgrades(server: Echo, chance: random.Random) -> None:
    session = server.session()
    link = session.upgrade()
    for _ in range(3):
        link.send(chance.choice(["2probe", "5", "4x", "", b"\x01"]))
    link.link.shutdown()


def requests(server: Echo, chance: random.Random) -> None:
    """Heads of requests that are no good, and half requests."""
    transport, sid = chance.choice(["polling", "websocket", "%00"]), chance.choice(["x", "%ff", ""])
    lines = [
        f"{chance.choice(['GET', 'POST', 'PUT'])} {server.path}?EIO=4&transport={transport}&sid={sid} HTTP/1.1",
        "Host: x",
        "Connection: Upgrade",
        f"Upgrade: {chance.choice(['websocket', 'h2c', ''])}",
        f"Sec-WebSocket-Key: {chance.choice(['x', 'dGhlIHNhbXBsZSBub25jZQ=='])}",
        f"Sec-WebSocket-Version: {chance.choice(['13', '8', ''])}",
        f"Content-Length: {chance.choice(['0', '9', '-1', 'x'])}",
    ]
    head = "\r\n".join([*lines, "", ""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as link:
        link.sendall(head[: chance.randrange(len(head)) if chance.random() < 0.3 else len(head)].encode())


@pytest.mark.parametrize("attack", [raw_frames, packets, polls, upgrades, requests])
def test_nothing_that_clients_send_harms_the_server(socket_io: Echo, attack: Callable[[Echo, random.Random], None]):
    process = socket_io.tree()[-1]
    logged = socket_io.log.stat().st_size

    def rounds(seed: int) -> int:
        chance = random.Random(seed)
        for _ in range(ROUNDS):
            with contextlib.suppress(OSError, websocket.WebSocketException):
                attack(socket_io, chance)
        return int(process.memory_info().rss)

    steady = connected(socket_io)
    rounds(1)
    before = rounds(2)
    grown = rounds(3) - before
    steady.send('42["message","still here"]')
    assert steady.receive() == '42["message-back","still here"]'
    assert grown < 3 * 2**20
    log = socket_io.log.read_bytes()[logged:].decode()
    for trace in ("Removing descriptor", "hub.py", "timer.py"):
        assert trace not in log, log[-3000:]


def test_connections_that_come_and_go_leave_nothing(socket_io: Echo):
    process = socket_io.tree()[-1]

    def come_and_go(times: int) -> int:
        for _ in range(times):
            link = connected(socket_io)
            link.link.shutdown()
        return int(process.memory_info().rss)

    come_and_go(300)
    files = process.num_fds()
    before = come_and_go(300)
    assert come_and_go(600) - before < 2 * 2**20
    eventually(lambda: process.num_fds() <= files)
