"""Group work: what is asked for while a batch is worked on forms the next one, without a timer.

On an idle server a call is a batch by itself, at once; under load a batch costs little more than one call does. The
message writer and the reader of marks are such.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from chat_app.errors import unavailable
from chat_app.runtime.handover import answer_type, new_bell

log = logging.getLogger(__name__)

WAIT = 15.0
"""Seconds until a caller is told `unavailable`."""
Item = TypeVar("Item")
Start = Callable[..., object]


class Waiting(Generic[Item]):
    """A call that waits: its item, and where its outcome goes."""

    __slots__ = ("answer", "deferrals", "item", "lookups")

    def __init__(self, item: Item, answer: Any) -> None:
        self.item = item
        self.answer = answer
        self.deferrals = 0
        self.lookups = 0


class Batcher(Generic[Item]):
    """One queue and one background loop, started with the first item.

    `size` is the most that a batch may hold, `bound` how many may wait (in threading mode also those that come at the
    same moment). A subclass says in `_work` what is done with a batch: each answer has to be given there, or its item
    put back into the queue.
    """

    too_many = "Too many are waiting for the database. Please try again."

    def __init__(self, size: int, bound: int, start: Start) -> None:
        self._size = size
        self.bound = bound
        self.wait = WAIT
        self._start = start
        self._queue: deque[Waiting[Item]] = deque()
        self._bell = new_bell()
        self._answer = answer_type()
        self._starting = threading.Lock()
        self._running = False

    def _work(self, batch: list[Waiting[Item]]) -> None:
        raise NotImplementedError

    def submit(self, item: Item) -> Any:
        """What `_work` answers. Raises `unavailable` at the bound, and when no answer comes in time."""
        if len(self._queue) >= self.bound:
            raise unavailable(self.too_many)
        waiting = Waiting(item, self._answer())
        self._queue.append(waiting)
        if not self._running:
            self._begin()
        self._bell.ring()
        try:
            return waiting.answer.result(self.wait)
        except TimeoutError:
            raise unavailable() from None

    def _begin(self) -> None:
        with self._starting:
            if not self._running:
                self._running = True
                self._start(self._run)

    def _run(self) -> None:
        while True:
            while not self._queue:
                self._bell.wait()
            batch = self._take()
            try:
                self._work(batch)
            except Exception as error:  # the loop must outlive everything
                log.exception("a batch failed")
                fail(batch, error)

    def _take(self) -> list[Waiting[Item]]:
        queue = self._queue
        return [queue.popleft() for _ in range(min(self._size, len(queue)))]


def fail(batch: list[Waiting[Any]], error: Exception) -> None:
    """Tell all that have no answer yet."""
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.fail(error)
