"""eventlet's websocket, made fit for clients that send much, or mean harm.

eventlet 0.41 takes the mask off each byte in Python: a megabyte holds up the whole process for a third of a second.
It limits a frame and not a message, which may have any number of frames; it reads on without a pause for as long as
there is something to read; and it still speaks the drafts that came before RFC 6455, without any limit.
"""

import time
from collections.abc import Sequence
from typing import Any

from engineio.async_drivers.eventlet import WebSocketWSGI
from eventlet import sleep
from eventlet.websocket import BadRequest, FailedConnectionError, RFC6455WebSocket

TURN = 0.005
"""Seconds that one websocket may read before the others have their turn."""
TOO_BIG = 1009


class Message(RFC6455WebSocket.Message):
    """The frames of a message in one piece: neither their number nor their sizes cost memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data = [bytearray()]

    def push(self, data: bytes, final: bool = False) -> None:
        if len(self.data[0]) + len(data) > self.max_frame_length:
            raise FailedConnectionError(TOO_BIG, f"A message may have {self.max_frame_length} bytes.")
        self.finished = final
        self.data[0] += data


class WebSocket(RFC6455WebSocket):
    Message = Message

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._paused = time.monotonic()

    @staticmethod
    def _apply_mask(data: bytes, mask: Sequence[int], length: int | None = None, offset: int = 0) -> bytes:
        size = len(data) if length is None else length
        turn = offset % 4
        key = (bytes((*mask[turn:], *mask[:turn])) * (size // 4 + 1))[:size]
        return (int.from_bytes(data[:size]) ^ int.from_bytes(key)).to_bytes(size)

    def _recv_frame(self, message: Any = None) -> Any:
        if time.monotonic() - self._paused > TURN:
            sleep(0)
            self._paused = time.monotonic()
        return super()._recv_frame(message)


class GreenWebSocket(WebSocketWSGI):
    """What Engine.IO makes of a request for a websocket."""

    def _handle_legacy_request(self, environ: dict[str, Any]) -> Any:
        raise BadRequest

    def _handle_hybi_request(self, environ: dict[str, Any]) -> WebSocket:
        made = super()._handle_hybi_request(environ)
        return WebSocket(
            made.socket,
            environ,
            made.version,
            protocol=made.protocol,
            extensions=made.extensions,
            max_frame_length=self.max_frame_length,
        )
