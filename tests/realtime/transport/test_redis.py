"""Two processes of an application that knows nothing of chat, over a real Redis."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import websocket
from flask_socketio import SocketIO as StockSocketIO

from tests.realtime.transport.conftest import Echo, Socket
from tests.realtime.transport.test_socket_io import connected
from tests.services.redis import Redis
from tests.services.waiting import eventually


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


def hear_each_other(first: Socket, second: Socket) -> None:
    """Until the second process has subscribed; what it heard late is read as well."""
    attempts = count()

    def heard() -> bool:
        word = f'42["everybody",{-1 - next(attempts)}]'
        first.send(word)
        assert first.receive() == word
        second.link.settimeout(0.5)
        try:
            while second.receive() != word:
                pass
        except websocket.WebSocketTimeoutException:
            return False
        finally:
            second.link.settimeout(5)
        return True

    eventually(heard)


def test_what_one_process_emits_is_heard_at_the_other_once_and_in_order(pair: list[Echo]):
    here, there = (connected(server) for server in pair)
    hear_each_other(here, there)
    for number in range(200):
        here.send(f'42["everybody",{number}]')
    expected = [f'42["everybody",{number}]' for number in range(200)]
    assert here.received(200) == there.received(200) == expected


def test_a_client_of_another_process_can_be_asked(pair: list[Echo]):
    here, there = (connected(server) for server in pair)
    hear_each_other(here, there)
    here.send(f'427["ask_other","{sid_of(there)}"]')
    assert there.receive() == '421["question"]'
    there.send('431["from afar"]')
    assert here.receive() == '437["from afar"]'


def test_a_process_without_a_server_emits_with_the_stock_class(pair: list[Echo], redis: Redis):
    here, there = (connected(server) for server in pair)
    hear_each_other(here, there)
    StockSocketIO(message_queue=redis.aside, async_mode="threading").emit("news", {"from": "a worker"})
    assert here.receive() == there.receive() == '42["news",{"from":"a worker"}]'
