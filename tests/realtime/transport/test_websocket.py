"""What a websocket asks of the kernel, and when."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from eventlet.hubs import trampoline

from chat_app.realtime.transport.cork import Cork
from chat_app.realtime.transport.frames import NORMAL, encode_close
from chat_app.realtime.transport.packets import MESSAGE, Packet
from chat_app.realtime.transport.websocket import MAX_GATHERED, Websocket


def test_a_frame_does_not_wait_until_the_one_before_is_acknowledged():
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert not accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        Websocket(accepted, Cork(), max_size=1000)
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_is_set_apart_comes_in_a_piece_of_its_own():
    left, right = socket.socketpair()
    with left, right:
        cork = Cork()
        link = Websocket(left, cork, max_size=1000)
        link.send(b"first")
        link.set_apart()
        link.send(b"second")
        cork.pull()
        assert right.recv(100) == b"first"
        right.setblocking(False)
        with pytest.raises(BlockingIOError):
            right.recv(100)
        trampoline(right, read=True, timeout=5)
        assert right.recv(100) == b"second"
        link.set_apart()
        link.set_apart()
        link.send(b"third")
        link.close()
        trampoline(right, read=True, timeout=5)
        assert right.recv(100) == b"third" + encode_close(NORMAL)


def test_a_unix_socket_has_no_such_option_and_does_without():
    left, right = socket.socketpair()
    with left, right:
        Websocket(left, Cork(), max_size=1000)


class Peers:
    """Websockets on socket pairs, in the hub of this thread, and their clients' ends."""

    def __init__(self, count: int) -> None:
        self.cork = Cork()
        self.pairs = [socket.socketpair() for _ in range(count)]
        self.clients = [SimpleNamespace(websocket=Websocket(mine, self.cork, max_size=1000)) for mine, _ in self.pairs]

    def received(self) -> list[bytes]:
        self.cork.pull()
        for _, theirs in self.pairs:
            theirs.settimeout(5)
        return [theirs.recv(1_000_000) for _, theirs in self.pairs]

    def close(self) -> None:
        for pair in self.pairs:
            for one in pair:
                one.close()


@pytest.fixture
def peers() -> Iterator[Peers]:
    made = Peers(5)
    yield made
    made.close()


def test_each_gets_what_is_sent_to_all_and_to_itself_in_the_order_in_which_it_was_sent(peers: Peers):
    first, second, third = (Packet(MESSAGE, text) for text in ("one", "two", "three"))
    own = Packet(MESSAGE, "own").frame
    peers.clients[3].websocket.send(own)
    peers.cork.fan_out(peers.clients, first)
    peers.cork.fan_out(peers.clients[1:], second)
    peers.clients[4].websocket.send(own)
    peers.cork.fan_out(peers.clients, third)
    a, b, c = first.frame, second.frame, third.frame
    assert peers.received() == [a + c, a + b + c, a + b + c, own + a + b + c, a + b + own + c]


def test_who_has_ended_is_left_out(peers: Peers):
    gone = peers.clients.pop(2)
    peers.pairs.pop(2)[0].close()
    gone.websocket._end()
    packet = Packet(MESSAGE, "hello")
    peers.cork.fan_out([peers.clients[0], gone, *peers.clients[1:]], packet)
    assert peers.received() == [packet.frame] * 4


def test_who_polls_gets_the_packet(peers: Peers):
    taken: list[Packet] = []
    packet = Packet(MESSAGE, "hello")
    peers.cork.fan_out([*peers.clients, SimpleNamespace(websocket=None, send=taken.append)], packet)
    assert taken == [packet]
    assert peers.received() == [packet.frame] * 5


def test_what_is_gathered_in_one_turn_leaves_before_it_is_much(peers: Peers):
    packet = Packet(MESSAGE, "x" * 1000)
    for _ in range(50):
        peers.cork.fan_out(peers.clients, packet)
        assert all(len(client.websocket.gathered) <= MAX_GATHERED + len(packet.frame) for client in peers.clients)
    expected = packet.frame * 50
    assert [len(data) for data in peers.received()] == [len(expected)] * 5
