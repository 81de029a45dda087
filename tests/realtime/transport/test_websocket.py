"""What a websocket asks of the kernel."""

import socket

import pytest
from eventlet.hubs import trampoline

from chat_app.realtime.transport.frames import NORMAL, encode_close
from chat_app.realtime.transport.websocket import Cork, Websocket


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
        cork._pull()
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
