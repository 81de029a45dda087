"""What a client may send below the level of events, and what becomes of it.

A packet of Socket.IO that makes no sense is noted and dropped: nobody asked for an answer. What Engine.IO or the
websocket cannot read ends the connection, as the protocol wants; the libraries would leave it half open.
"""

import logging
from functools import partial
from typing import Any

from socketio.packet import BINARY_ACK, BINARY_EVENT, EVENT
from socketio.packet import Packet as AnyPacket

from chat_app.runtime.websocket import websocket_driver

log = logging.getLogger(__name__)

MAX_ATTACHMENTS = 10
"""Of one packet, as in the reference implementation; the library takes ten thousand million."""


class Packet(AnyPacket):
    """No event takes binary data, so attachments are counted and not kept: a handler finds empty bytes."""

    def decode(self, encoded_packet: str) -> int:
        count: int = super().decode(encoded_packet)
        if count > MAX_ATTACHMENTS:
            raise ValueError("too many attachments")
        if not count and self.packet_type in (BINARY_EVENT, BINARY_ACK):
            self.packet_type -= BINARY_EVENT - EVENT  # nothing to wait for
        return count

    def add_attachment(self, attachment: object) -> bool:
        return bool(super().add_attachment(b""))


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
    server.eio._async = {**server.eio._async, "websocket": _websocket}


def _websocket(handler: Any, eio: Any) -> Any:
    """Called by Engine.IO for each websocket; `handler` is a method of the `Socket` that it is for."""
    return websocket_driver()(partial(_serve, handler), eio)


def _serve(handler: Any, websocket: Any) -> Any:
    try:
        return handler(websocket)
    except Exception as error:
        log.info("a connection was ended: %s", type(error).__name__)
        engine_socket = handler.__self__
        engine_socket.close(wait=False, abort=True, reason=engine_socket.server.reason.TRANSPORT_ERROR)
        return []
