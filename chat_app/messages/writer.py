"""The message writer: group commit. Messages that arrive while a commit runs form the next batch.

There is no timer: on an idle server a message is committed at once by itself. Writers are sharded by
conversation, so that the messages of one conversation keep the order in which they came. At the bound of
waiting messages a caller is refused with `unavailable`, before anything is stored.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from zlib import crc32

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from chat_app.errors import ChatError, unavailable
from chat_app.messages.batches import Batches
from chat_app.messages.drafts import Draft, Outcome, Status

log = logging.getLogger(__name__)

MAX_WAITING = 4096
"""Messages that may wait for one writer."""
WAIT = 15.0
"""Seconds until a caller is told `unavailable`; the outcome is then unknown, and a retry with the same key is safe."""
MAX_DEFERRALS = 50
"""Times that a message is put off because its conversation's members keep changing."""
MAX_LOOKUPS = 3
"""Times that a row is looked up once more because its key was just stored by another process."""


class _Waiting:
    __slots__ = ("deferrals", "draft", "future", "lookups")

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.future: Future[Outcome] = Future()
        self.deferrals = 0
        self.lookups = 0


class MessageWriter:
    """One queue and one background loop, started with the first message."""

    def __init__(self, batches: Batches, start: Callable[..., object]) -> None:
        self._batches = batches
        self._start = start
        self._queue: deque[_Waiting] = deque()
        self._ready = threading.Condition()
        self._running = False

    def submit(self, draft: Draft) -> Outcome:
        """Store the draft; returns after the commit. Raises `unavailable` when the database does not answer."""
        waiting = _Waiting(draft)
        with self._ready:
            if len(self._queue) >= MAX_WAITING:
                raise unavailable("Too many messages are waiting to be stored. Please try again.")
            self._queue.append(waiting)
            if not self._running:
                self._running = True
                self._start(self._run)
            self._ready.notify()
        try:
            return waiting.future.result(WAIT)
        except FutureTimeout:
            raise unavailable() from None

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._queue:
                    self._ready.wait()
                batch = self._take()
            try:
                self._store(batch)
            except Exception as error:  # the loop must outlive everything
                log.exception("the message writer failed on a batch")
                _fail(batch, error)

    def _take(self) -> list[_Waiting]:
        """The next batch. A second message with the same key waits for the batch after it."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        keys = set()
        while self._queue and len(batch) < self._batches.size:
            waiting = self._queue.popleft()
            if waiting.draft.key in keys:
                later.append(waiting)
            else:
                keys.add(waiting.draft.key)
                batch.append(waiting)
        self._queue.extendleft(reversed(later))
        return batch

    def _store(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = self._batches.store([waiting.draft for waiting in batch])
        except (OperationalError, InterfaceError) as error:
            log.warning("messages could not be stored: %s", error.orig)
            _fail(batch, unavailable())
            return
        except SQLAlchemyError as error:
            self._store_apart(batch, error)
            return
        self._settle(batch, outcomes)

    def _store_apart(self, batch: list[_Waiting], error: SQLAlchemyError) -> None:
        """The statement was refused as a whole: find the row that it was for.

        Another process may have stored the same key between our lookup and our insert (`IntegrityError`). Then
        that message is known now, and looking once more is the answer.
        """
        if len(batch) > 1:
            log.info("a batch of %d was refused and is tried row by row: %s", len(batch), error)
            for waiting in batch:
                self._store([waiting])
        elif isinstance(error, IntegrityError) and batch[0].lookups < MAX_LOOKUPS:
            batch[0].lookups += 1
            self._store(batch)
        else:
            _fail(batch, error)

    def _settle(self, batch: list[_Waiting], outcomes: dict[int, Outcome]) -> None:
        deferred = []
        for position, waiting in enumerate(batch):
            outcome = outcomes.get(position)
            if outcome is not None:
                waiting.future.set_result(outcome)
            elif waiting.deferrals < MAX_DEFERRALS:
                waiting.deferrals += 1
                deferred.append(waiting)
            else:
                waiting.future.set_exception(unavailable("The members of this conversation keep changing."))
        with self._ready:
            self._queue.extendleft(reversed(deferred))


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)


class MessageWriters:
    """The writers of this process; a conversation always goes to the same one."""

    def __init__(self, batches: Batches, count: int, start: Callable[..., object]) -> None:
        self._writers = [MessageWriter(batches, start) for _ in range(count)]

    def submit(self, draft: Draft) -> Outcome:
        return self._writers[crc32(draft.conversation_id.encode()) % len(self._writers)].submit(draft)


def refusal(outcome: Outcome) -> ChatError | None:
    """The error that a refused row means for its sender; None for a stored or known one."""
    if outcome.status is Status.NOT_A_MEMBER:
        return ChatError("not_found", "There is no such conversation, or you are not one of its members.")
    if outcome.status is Status.READ_ONLY:
        return ChatError("forbidden", "Your role in this conversation allows reading only.")
    if outcome.status is Status.BAD_REPLY:
        return ChatError("not_found", "The message that you answer is not in this conversation.")
    return None
