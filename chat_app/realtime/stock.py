"""What a client may send below the level of events, and what becomes of it.

A packet of Socket.IO that makes no sense is noted and dropped, if nobody asked for an answer. What Engine.IO or the
websocket cannot read ends the connection, as the protocol wants; the libraries would leave it half open.
"""

import logging
from typing import Any

import engineio.socket
from engineio.exceptions import EngineIOError
from engineio.socket import Socket as AnyEngineSocket
from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT
from socketio.packet import Packet as AnyPacket

from chat_app.runtime.websocket import websocket_driver

log = logging.getLogger(__name__)

MAX_ATTACHMENTS = 10
"""Of one packet, as in the reference implementation; the library takes ten thousand million."""

IDLE = 10.0
"""Seconds in which somebody who opens a connection has to sign in; twice that at most."""


class Packet(AnyPacket):
    """No event takes binary data, so attachments are counted and not kept: a handler finds empty bytes.

    An event that cannot be read arrives without a name, so that who waits for an answer gets one.
    """

    def decode(self, encoded_packet: str) -> int:
        try:
            count: int = super().decode(encoded_packet)
        except (ValueError, RecursionError):
            if self.id is None:
                raise
            count, self.data = 0, None
        if count > MAX_ATTACHMENTS:
            count, self.data = 0, None
        if not count and self.packet_type in (BINARY_EVENT, BINARY_ACK):
            self.packet_type -= BINARY_EVENT - EVENT  # nothing to wait for
        if self.packet_type in (EVENT, BINARY_EVENT) and not (self.data and isinstance(self.data, list)):
            self.data = [None]
        return count

    def add_attachment(self, attachment: object) -> bool:
        return bool(super().add_attachment(b""))


class EngineSocket(AnyEngineSocket):
    """A connection of Engine.IO that ends, and at once, with what it cannot read."""

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        try:
            super().handle_post_request(environ)
        except EngineIOError:
            raise
        except Exception as error:
            raise EngineIOError(f"malformed: {type(error).__name__}") from None  # answered 400

    def _websocket_handler(self, ws: Any) -> Any:
        try:
            return super()._websocket_handler(ws)
        except Exception as error:
            log.info("a connection was ended: %s", type(error).__name__)
            self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
            return []

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """Does not wait for a client that polls to fetch the rest; if it comes again, it is told 400."""
        super().close(wait=False, abort=abort, reason=reason)
        self.server.sockets.pop(self.sid, None)


def harden(server: Any) -> None:
    """Bring a Socket.IO server, made with :class:`Packet`, to answer for what its clients send."""
    half_packets: dict[str, AnyPacket] = server._binary_packet
    handle, end = server._handle_eio_message, server._handle_eio_disconnect

    def handle_or_note(engine_sid: str, data: object) -> None:
        if not isinstance(data, bytes):
            half_packets.pop(engine_sid, None)  # its attachments do not come any more
        try:
            handle(engine_sid, data)
        except Exception as error:
            half_packets.pop(engine_sid, None)
            log.info("a malformed packet was ignored: %s", type(error).__name__)  # its words may be secrets

    def end_and_forget(engine_sid: str, reason: str) -> None:
        half_packets.pop(engine_sid, None)
        end(engine_sid, reason)

    server.eio.on("message", handle_or_note)
    server.eio.on("disconnect", end_and_forget)
    server.eio._async = {**server.eio._async, "websocket": websocket_driver()}
    engineio.socket.Socket = EngineSocket  # the library has no hook for it


class IdleConnections:
    """Connections that are in no namespace: nobody ever signed in there, or all were signed out.

    `end` is to be called every `IDLE` seconds; it ends those that were idle the time before as well.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._idle: set[str] = set()

    def end(self) -> None:
        manager, sockets = self._server.manager, self._server.eio.sockets
        participants = (manager.get_participants(namespace, None) for namespace in manager.get_namespaces())
        idle = sockets.keys() - {engine_sid for each in participants for _, engine_sid in each}
        for engine_sid in idle & self._idle:
            sockets[engine_sid].close(wait=False, abort=True)
        self._idle = idle
