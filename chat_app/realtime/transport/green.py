"""A connection and a signal on eventlet's hub, for one greenlet that reads and one that writes.

eventlet's own socket registers with the poller for each read and takes itself out again, and its `Event` makes two
locks for each wait; for a link of the bus that would be most of the work.
"""

from contextlib import nullcontext, suppress
from typing import Any

from eventlet.green.ssl import GreenSSLSocket
from eventlet.hubs import get_hub
from eventlet.hubs.hub import READ
from greenlet import getcurrent


class Signal:
    """Like `threading.Event`, for one that waits, without a time-out."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: Any = None

    def set(self) -> None:
        self._is_set = True
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            get_hub().schedule_call_global(0, waiting.switch)

    def clear(self) -> None:
        self._is_set = False

    def wait(self) -> None:
        if not self._is_set:
            self._waiting = getcurrent()
            get_hub().switch()


class Stream:
    """A green socket that stays registered for reading for as long as somebody reads."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._raw = socket.fd
        self._listener: Any = None
        self._reader: Any = None
        self.sendall = socket.sendall
        self.shutdown = socket.shutdown

    def recv(self, size: int) -> bytes:
        hub = get_hub()
        while True:
            if self._listener is None:
                self._listener = hub.add(READ, self._raw.fileno(), self._readable, self._ended, self._ended)
            self._reader = getcurrent()
            hub.switch()
            with suppress(BlockingIOError, InterruptedError):
                data: bytes = self._raw.recv(size)
                return data

    def _readable(self, _: int = 0) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.switch()
        else:  # it is busy; the poller would call again and again
            self.release()

    def _ended(self, *_: Any) -> None:
        """The hub has let go of it: reading shows why. Not at once, whoever closed it has to go on."""
        self._listener = None
        get_hub().schedule_call_global(0, self._readable)

    def release(self) -> None:
        """Before the socket is closed."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            get_hub().remove(listener)


class GreenRuntime:
    """The concurrency of a server on eventlet."""

    def __init__(self, server: Any) -> None:
        self.start = server.start_background_task
        self.sleep = server.sleep
        self.event = server.eio.create_event
        self.signal = Signal
        self.lock = nullcontext  # a greenlet gives way only where it waits, and nobody does with a lock

    def stream(self, socket: Any) -> Any:
        return socket if isinstance(socket, GreenSSLSocket) else Stream(socket)
