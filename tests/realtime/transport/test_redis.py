"""Two processes of an application that knows nothing of chat, over a real Redis."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import websocket
from flask_socketio import SocketIO as StockSocketIO

from tests.realtime.transport.conftest import PATIENCE, Echo, Socket
from tests.realtime.transport.test_socket_io import connected
from tests.services.redis import Redis


@pytest.fixture
def pair(tmp_path: Path, redis: Redis) -> Iterator[list[Echo]]:
    servers = [Echo("socket", tmp_path / name, queue=redis.aside) for name in ("one", "two")]
    try:
        for server in servers:
            server.log.parent.mkdir()
            server.start()
        yield servers
    finally:
        for server in servers:
            server.close()


def sid_of(socket: Socket) -> str:
    socket.send('425["who"]')
    sid: str = json.loads(socket.receive().removeprefix("435"))[0]
    return sid


def joined(socket: Socket, room: str) -> None:
    """Returns once the process has said that the client is in it."""
    socket.send(f'428["join","{room}"]')
    assert socket.receive() == f'438["{room}"]'


def heard(socket: Socket, patience: float = 0.5) -> list[str]:
    """All that comes until nothing has for so many seconds."""
    told: list[str] = []
    socket.link.settimeout(patience)
    try:
        while True:
            told.append(socket.receive())
    except websocket.WebSocketTimeoutException:
        return told
    finally:
        socket.link.settimeout(PATIENCE)


_words = count()


def crosses(here: Socket, there: Socket, room: str) -> bool:
    """Whether what one says to the room comes to the other."""
    word = f"word {next(_words)}"
    here.send(f'42["room","{room}","{word}"]')
    return f'42["room","{word}"]' in heard(there)


def test_what_one_process_emits_is_heard_at_the_other_once_and_in_order(pair: list[Echo]):
    here, there = (connected(server) for server in pair)
    for number in range(200):
        here.send(f'42["everybody",{number}]')
    expected = [f'42["everybody",{number}]' for number in range(200)]
    assert here.received(200) == there.received(200) == expected


def test_a_client_of_another_process_can_be_asked(pair: list[Echo]):
    here, there = (connected(server) for server in pair)
    here.send(f'427["ask_other","{sid_of(there)}"]')
    assert there.receive() == '421["question"]'
    there.send('431["from afar"]')
    assert here.receive() == '437["from afar"]'


def test_a_process_without_a_server_emits_with_the_stock_class(pair: list[Echo], redis: Redis):
    here, there = (connected(server) for server in pair)
    StockSocketIO(message_queue=redis.aside, async_mode="threading").emit("news", {"from": "a worker"})
    assert here.receive() == there.receive() == '42["news",{"from":"a worker"}]'


def test_a_room_is_heard_as_soon_as_a_client_is_told_that_it_is_in_it(pair: list[Echo]):
    """Nobody waits for anything: the answer to `join` says that Redis has confirmed it."""
    here, there = (connected(server) for server in pair)
    for number in range(50):
        joined(there, f"room {number}")
        here.send(f'42["room","room {number}",{number}]')
        assert there.receive() == f'42["room",{number}]'


def test_a_process_hears_nothing_of_rooms_that_it_has_nobody_in(pair: list[Echo], redis: Redis):
    here, there = (connected(server) for server in pair)
    joined(here, "ours")
    joined(there, "theirs")
    with redis.client() as client:
        before = client.info("commandstats")
        for _ in range(50):
            here.send('42["room","ours","nobody else hears it"]')
        assert here.received(50) == ['42["room","nobody else hears it"]'] * 50
        here.send('42["room","theirs","last"]')
        assert there.receive() == '42["room","last"]'
        assert before
        listeners = [client.pubsub_numsub(channel)[0][1] for channel in client.pubsub_channels("*flask-socketio/*")]
    assert max(listeners) == 1
