"""What a websocket asks of the kernel."""

import socket

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


def test_a_unix_socket_has_no_such_option_and_does_without():
    left, right = socket.socketpair()
    with left, right:
        Websocket(left, Cork(), max_size=1000)
