"""In the place of a client that no connection belongs to: `flask_socketio.SocketIOTestClient`."""

from typing import TYPE_CHECKING, Any

from chat_app.realtime.transport.packets import Packet

if TYPE_CHECKING:
    from chat_app.realtime.transport.server import Server


class StandIn:
    """Hands what it is sent to the server's `_send_eio_packet`, which the test client replaces by its own.

    The test client connects itself by calling `Server._handle_eio_connect`, past the engine, which is how it is known.
    """

    connected = upgraded = True
    closed = closing = False
    websocket = None

    def __init__(self, server: "Server", sid: str) -> None:
        self.server = server
        self.sid = sid
        self.session: dict[str, Any] = {}

    def send(self, packet: Packet) -> None:
        self.server._send_eio_packet(self.sid, packet)

    def close(self, **_: Any) -> None:
        self.server.eio.sockets.pop(self.sid, None)
        self.server._handle_eio_disconnect(self.sid, self.server.reason.SERVER_DISCONNECT)
