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

from chat_app.realtime.transport.cork import Cork
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
MAX_GATHERED = 16384
"""Bytes gathered for one client within a turn; with more they leave at once, so that adding to them stays cheap."""
READ_SIZE = 65536
LINGER = 5.0
"""Seconds for what is unsent to leave and for the client's own close to arrive, once a close was sent."""
APART = 0.01
"""Seconds between what was sent before :meth:`Websocket.set_apart` and what is sent after it."""
WAIT = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Websocket:
    """A websocket whose handshake is accepted.

    `on_message(data)` gets text and binary messages, `on_end()` is called once, when nothing will come any
    more; both run in the hub, so they must neither wait nor raise.
    """

    __slots__ = (
        "_backlog",
        "_cork",
        "_fileno",
        "_kept",
        "_linger",
        "_over",
        "_paused",
        "_raw",
        "_reader",
        "_reading",
        "_rest",
        "_state",
        "_unsent",
        "_writing",
        "gathered",
        "on_end",
        "on_message",
    )

    def __init__(self, green: Any, cork: Cork, max_size: int) -> None:
        self._raw = _raw_socket(green)
        self._fileno: int = green.fileno()
        self._cork = cork
        self._reader: FrameReader | None = FrameReader(max_size)
        self.gathered: bytes | None = b""
        """What was sent in this turn; the cork shares it among many. None: what is sent now is kept, or dropped."""
        self._rest = b""
        """What the kernel did not take of the last call."""
        self._kept: list[bytes] = []
        """What is to follow it."""
        self._unsent = 0
        """Bytes of both."""
        self._reading: Any = None
        self._writing: Any = None
        """Listeners on the hub."""
        self._state: Literal["open", "closing", "ended"] = "open"
        self._paused = False
        self._backlog: list[Message] | None = None
        """Read and not handled yet, because the client has to wait; at most what one read brought."""
        self._linger: Any = None
        self._over: Callable[[], object] = _nothing
        self.on_message: Callable[[str | bytes], None] = _nothing
        self.on_end: Callable[[], None] = _nothing

    # -- life ------------------------------------------------------------------------------------------

    def greet(self, answer: bytes) -> None:
        """The answer to the handshake, which leaves together with the first frames."""
        self.send(answer)

    def serve(self, over: Callable[[], object]) -> None:
        """Read from now on, on the hub; `over()` is called once everything has ended. It must neither wait nor raise.

        The connection's socket stays the caller's to close.
        """
        if self._state == "ended":
            over()
            return
        self._over = over
        self._read_on()

    def serve_and_wait(self) -> None:
        """Until the websocket has ended; the calling greenlet, which owns the connection, sleeps meanwhile."""
        ended = Event()
        self.serve(ended.send)
        try:
            ended.wait()
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
        self._keep((self.gathered or b"") + encode_close(code, reason))
        self.gathered = None
        self._cork.add(self)
        self._linger = get_hub().schedule_call_global(LINGER, self._end)
        self._paused, self._backlog = False, None
        self._read_on()
        self.on_end()

    def _end(self) -> None:
        if self._state == "ended":
            return
        was_open = self._state == "open"
        self._state = "ended"
        self._read_no_more()
        self._write_no_more()
        if self._linger is not None:
            self._linger.cancel()
        self.gathered, self._kept, self._rest, self._unsent = None, [], b"", 0
        if was_open:
            self.on_end()
        over = self._over
        self.on_message = self.on_end = self._over = _nothing
        over()

    # -- writing ---------------------------------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Never waits. A client that has too much unsent is cut off."""
        gathered = self.gathered
        if gathered is None:
            self._send_later(frame)
        elif not gathered:
            self.gathered = frame
            self._cork.add(self)
        else:
            self.gathered = gathered + frame
            if len(gathered) > MAX_GATHERED:
                self.flush()

    def _send_later(self, frame: bytes) -> None:
        if self._state != "open":
            return
        if self._unsent > MAX_UNSENT:
            self._cut_off()
        else:
            self._keep(frame)

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._unsent += len(data)

    def set_apart(self) -> None:
        """What was sent so far leaves at once, and what follows not in the same piece but `APART` later."""
        self.flush()
        self._cork.remove(self)
        if self.gathered is not None:
            self.gathered = None
            get_hub().schedule_call_global(APART, self._go_on)

    def _go_on(self) -> None:
        if self._state == "open" and self._writing is None:
            self._flush_kept()

    def flush(self) -> None:
        """Hand the kernel what it takes."""
        data = self.gathered
        if data:
            self.gathered = b""
            if not self._write(data) and self._state == "open":
                self.gathered = None
        elif data is None and self._writing is None:
            self._flush_kept()

    def _write(self, data: bytes) -> bool:
        """Whether the kernel took all of it; else the rest is written when it takes more."""
        try:
            sent = self._raw.send(data)
        except WAIT:
            sent = 0
        except OSError:
            self._end()
            return False
        if sent == len(data):
            return True
        self._rest = data[sent:]
        self._unsent += len(self._rest)
        if self._writing is None:
            self._writing = self._listen(WRITE, self._writable)
        return False

    def _writable(self, _: int) -> None:
        self._unsent -= len(self._rest)
        data, self._rest = self._rest, b""
        if not data or self._write(data):
            self._flush_kept()

    def _flush_kept(self) -> None:
        while self._kept:
            data = b"".join(self._kept)
            self._kept.clear()
            self._unsent -= len(data)
            if not self._write(data):
                return
        self._write_no_more()
        if self._state == "open":
            self.gathered = b""

    def _cut_off(self) -> None:
        """Only what has begun to leave is finished; then the client is told why."""
        log.info("a client is cut off: it does not take what it is sent")
        self._kept.clear()
        self._unsent = len(self._rest)
        self.close(POLICY, "too slow: more than 1 MiB is unsent")

    # -- reading ---------------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """The client has to wait: what it sends stays in the kernel, which slows it down."""
        if self._state == "open" and not self._paused:
            self._paused = True
            self._read_no_more()

    def resume_reading(self) -> None:
        """With the next turn of the hub, which is where messages are handled."""
        if self._paused:
            get_hub().schedule_call_global(0, self._resume)

    def _resume(self) -> None:
        if self._state == "open" and self._paused:
            self._paused, backlog, self._backlog = False, self._backlog, None
            self._handle(backlog or [])
            if self._state == "open" and not self._paused:
                self._read_on()

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
            text = self._reader.whole_text(data)
            if text is not None and self._state == "open":
                self.on_message(text)
            else:
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

    def _read_on(self) -> None:
        if self._reading is None:
            self._reading = self._listen(READ, self._readable)

    def _read_no_more(self) -> None:
        if self._reading is not None:
            listener, self._reading = self._reading, None
            get_hub().remove(listener)

    def _write_no_more(self) -> None:
        if self._writing is not None:
            listener, self._writing = self._writing, None
            get_hub().remove(listener)

    def _listen(self, event: str, callback: Callable[[int], None]) -> Any:
        hub = get_hub()
        listener = hub.add(event, self._fileno, callback, self._dropped, None)
        listener.greenlet = hub.greenlet  # not the one that happens to run, which would be kept for as long
        return listener

    def _dropped(self, _: object) -> None:
        """The hub found the descriptor closed and in use for something else."""
        self._reading = self._writing = None
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
