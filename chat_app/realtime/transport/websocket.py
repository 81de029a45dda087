"""A websocket on eventlet's hub: one listener instead of a greenlet for reading and one for writing.

What is sent within one turn of the hub leaves in one system call. What the kernel does not take is kept, up to
`MAX_UNSENT`; beyond that the client is cut off, so that a slow one costs neither memory nor anybody else's time.
"""

import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from eventlet.event import Event
from eventlet.hubs import get_hub
from eventlet.hubs.hub import READ, WRITE

from chat_app.realtime.transport.frames import (
    CLOSE,
    GOING_AWAY,
    NORMAL,
    PING,
    POLICY,
    PONG,
    FrameError,
    FrameReader,
    Message,
    encode_close,
    encode_frame,
)

log = logging.getLogger(__name__)

MAX_UNSENT = 1024 * 1024
"""Bytes kept for one client beyond what the kernel took; one message more may be on top, however large."""
READ_SIZE = 65536
LINGER = 5.0
"""Seconds for what is unsent to leave and for the client's own close to arrive, once a close was sent."""
APART = 0.01
"""Seconds between what was sent before :meth:`Websocket.set_apart` and what is sent after it."""
WAIT = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Cork:
    """Sends once a turn of the hub what was handed to many websockets during it."""

    def __init__(self) -> None:
        self._waiting: list[Websocket] = []

    def add(self, websocket: "Websocket") -> None:
        if not self._waiting:
            get_hub().schedule_call_global(0, self._pull)
        self._waiting.append(websocket)

    def remove(self, websocket: "Websocket") -> None:
        with suppress(ValueError):
            self._waiting.remove(websocket)

    def _pull(self) -> None:
        waiting, self._waiting = self._waiting, []
        for websocket in waiting:
            websocket.flush()


class Websocket:
    """A websocket whose handshake is accepted.

    `on_message(data)` gets text and binary messages, `on_end()` is called once, when nothing will come any
    more; both run in the hub, so they must neither wait nor raise.
    """

    __slots__ = (
        "_backlog",
        "_cork",
        "_ended",
        "_fileno",
        "_linger",
        "_listeners",
        "_paused",
        "_pending",
        "_raw",
        "_reader",
        "_rest",
        "_state",
        "on_end",
        "on_message",
        "unsent",
    )

    def __init__(self, green: Any, cork: Cork, max_size: int) -> None:
        self._raw = _raw_socket(green)
        self._fileno: int = green.fileno()
        self._cork = cork
        self._reader: FrameReader | None = FrameReader(max_size)
        self._pending: list[bytes] = []
        self._rest = b""
        """What the kernel did not take of the last call."""
        self.unsent = 0
        self._listeners: dict[str, Any] = {}
        self._state: Literal["open", "closing", "ended"] = "open"
        self._paused = False
        self._backlog: list[Message] = []
        """Read and not handled yet, because the client has to wait; at most what one read brought."""
        self._linger: Any = None
        self._ended = Event()
        self.on_message: Callable[[str | bytes], None] = _nothing
        self.on_end: Callable[[], None] = _nothing

    # -- life ------------------------------------------------------------------------------------------

    def greet(self, answer: bytes) -> None:
        """The answer to the handshake, which leaves together with the first frames."""
        self._append(answer)

    def serve(self) -> None:
        """Until the websocket has ended; the calling greenlet, which owns the connection, sleeps meanwhile."""
        self._listen(READ, self._readable)
        try:
            self._ended.wait()
        finally:
            self._end()

    @property
    def is_open(self) -> bool:
        return self._state == "open"

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """What was sent before still leaves; then the close, and the end when the client has answered or time is up."""
        if self._state != "open":
            return
        self._state = "closing"
        self._append(encode_close(code, reason))
        self._linger = get_hub().schedule_call_global(LINGER, self._end)
        self._paused, self._backlog = False, []
        self._listen(READ, self._readable)
        self.on_end()

    def _end(self) -> None:
        if self._state == "ended":
            return
        was_open = self._state == "open"
        self._state = "ended"
        for event in tuple(self._listeners):
            self._unlisten(event)
        if self._linger is not None:
            self._linger.cancel()
        self._pending.clear()
        self._rest = b""
        self.unsent = 0
        if was_open:
            self.on_end()
        self.on_message = self.on_end = _nothing
        if not self._ended.ready():
            self._ended.send()

    # -- writing ---------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Never waits. A client that has too much unsent is cut off."""
        if self._state != "open":
            return
        if self.unsent > MAX_UNSENT:
            if not self._rest:
                self.flush()  # perhaps the kernel takes what this turn has gathered
            if self.unsent > MAX_UNSENT:
                self._cut_off()
                return
        pending = self._pending  # from here on as `_append`, whose call would cost as much as it does
        if not pending and not self._rest:
            self._cork.add(self)
        pending.append(frame)
        self.unsent += len(frame)

    def _append(self, frame: bytes) -> None:
        if not self._pending and not self._rest:
            self._cork.add(self)
        self._pending.append(frame)
        self.unsent += len(frame)

    def set_apart(self) -> None:
        """What was sent so far leaves at once, and what follows not in the same piece but `APART` later."""
        self.flush()
        self._cork.remove(self)
        if self._state == "open" and not self._rest:
            self._pending.append(b"")  # so that the cork is not asked
            get_hub().schedule_call_global(APART, self._go_on)

    def _go_on(self) -> None:
        if self._pending == [b""]:
            self._pending.clear()
        else:
            self.flush()

    def flush(self) -> None:
        """Hand the kernel what it takes."""
        pending = self._pending
        while pending or self._rest:
            data = self._rest
            if not data:
                data = pending[0] if len(pending) == 1 else b"".join(pending)
                pending.clear()
            try:
                sent = self._raw.send(data)
            except WAIT:
                sent = 0
            except OSError:
                self._end()
                return
            self.unsent -= sent
            if sent != len(data):
                self._rest = data[sent:]
                self._listen(WRITE, self._writable)
                return
            self._rest = b""
        if WRITE in self._listeners:
            self._unlisten(WRITE)

    def _writable(self, _: int) -> None:
        self.flush()

    def _cut_off(self) -> None:
        """Only what has begun to leave is finished; then the client is told why."""
        log.info("a client is cut off: it does not take what it is sent")
        self.unsent -= sum(map(len, self._pending))
        self._pending.clear()
        self.close(POLICY, "too slow: more than 1 MiB is unsent")

    # -- reading ---------------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """The client has to wait: what it sends stays in the kernel, which slows it down."""
        if self._state == "open" and not self._paused:
            self._paused = True
            self._unlisten(READ)

    def resume_reading(self) -> None:
        """With the next turn of the hub, which is where messages are handled."""
        if self._paused:
            get_hub().schedule_call_global(0, self._resume)

    def _resume(self) -> None:
        if self._state == "open" and self._paused:
            self._paused, backlog, self._backlog = False, self._backlog, []
            self._handle(backlog)
            if self._state == "open" and not self._paused:
                self._listen(READ, self._readable)

    def _readable(self, _: int) -> None:
        try:
            data = self._raw.recv(READ_SIZE)
        except WAIT:
            return
        except OSError:
            data = b""
        if not data:
            self._end_of_input()
        elif self._reader is not None:
            self._read(self._reader, data)

    def _read(self, reader: FrameReader, data: bytes) -> None:
        try:
            messages = reader.feed(data)
        except FrameError as error:
            self._reader = None  # what follows cannot be read; it is taken off the wire, so that our close arrives
            self.close(error.code, error.reason)
            return
        self._handle(messages)

    def _handle(self, messages: list[Message]) -> None:
        for number, (opcode, payload) in enumerate(messages):
            if self._paused:
                self._backlog = messages[number:]
                return
            if opcode == CLOSE:
                self._closed_by_client(payload)
            elif self._state != "open":
                continue  # after our close the client's messages do not count
            elif opcode == PING:
                self.send(encode_frame(PONG, payload))
            elif opcode != PONG:
                self.on_message(payload)

    def _end_of_input(self) -> None:
        """The client is gone, or the server stops and has shut the connection's input."""
        if self._state == "open":
            self.close(GOING_AWAY)
        self.flush()
        self._end()

    def _closed_by_client(self, code: int) -> None:
        if self._state == "open":
            self.close(NORMAL if code in (1005, GOING_AWAY) else code)
        self.flush()
        self._end()

    # -- the hub ---------------------------------------------------------------------------------------

    def _listen(self, event: str, callback: Callable[[int], None]) -> None:
        if event not in self._listeners:
            self._listeners[event] = get_hub().add(event, self._fileno, callback, self._dropped, None)

    def _unlisten(self, event: str) -> None:
        listener = self._listeners.pop(event, None)
        if listener is not None:
            get_hub().remove(listener)

    def _dropped(self, _: object) -> None:
        """The hub found the descriptor closed and in use for something else."""
        self._listeners.clear()
        self._end()


class _Tls:
    """The two calls on a connection that ends TLS itself; eventlet's own would wait."""

    def __init__(self, green: Any) -> None:
        self._tls = green._sslobj

    def recv(self, size: int) -> bytes:
        data: bytes = self._tls.read(size)
        while self._tls.pending():
            data += self._tls.read(self._tls.pending())
        return data

    def send(self, data: bytes) -> int:
        return int(self._tls.write(data))


def _raw_socket(green: Any) -> Any:
    with suppress(OSError):  # a Unix socket has no such delay
        # Else a second frame waits until the client has acknowledged the first, which it puts off for 40 ms.
        green.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if isinstance(green, ssl.SSLSocket):
        return _Tls(green)
    raw: socket.socket = getattr(green, "fd", green)
    raw.setblocking(False)
    return raw


def _nothing(*_: object) -> None:
    pass
