"""A bound on how many do the same work at once; the rest waits in the order in which it came."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from chat_app.errors import unavailable

BUSY = "Too much is waiting to be done. Please try again."


class Turnstile:
    """For work that comes in storms, such as thousands of reconnects, and would take all database connections from
    those who are talking. A pool of connections serves whoever asks first once one is free; here nobody is overtaken.

    `places` work at once, `most` wait for `patience` seconds at the most; beyond either, `unavailable`.
    """

    def __init__(self, places: int, most: int = 20_000, patience: float = 12.0) -> None:
        self._free = places
        self._most = most
        self._patience = patience
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @contextmanager
    def place(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._most:
                raise unavailable(BUSY)
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(self._patience):
            return
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise unavailable(BUSY)
        # The turn came between the end of the wait and here.

    def _leave(self) -> None:
        """Hand the place on; nobody who comes in between can take it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
