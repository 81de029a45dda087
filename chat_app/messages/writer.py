"""The message writer: group commit. Messages that arrive while a commit runs form the next batch.

There is no timer: on an idle server a message is committed at once by itself. Writers are sharded by
conversation, so that the messages of one conversation keep the order in which they came. At the bound of
waiting messages a caller is refused with `unavailable`, before anything is stored. Whoever is told `unavailable` after
waiting too long does not know the outcome; a retry with the same key is safe.
"""

import logging
from zlib import crc32

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError

from chat_app.batching import Batcher, Start, Waiting, fail
from chat_app.errors import ChatError, unavailable
from chat_app.messages.batches import Batches
from chat_app.messages.drafts import Draft, Outcome, Outcomes, Status

log = logging.getLogger(__name__)

MAX_WAITING = 4096
"""Messages that may wait for one writer."""
MAX_DEFERRALS = 50
"""Times that a message is put off because its conversation's members keep changing."""
MAX_LOOKUPS = 3
"""Times that a row is looked up once more because its key was just stored by another process."""
_Waiting = Waiting[Draft]


class MessageWriter(Batcher[Draft]):
    """Stores drafts; `submit` returns the draft's :class:`Outcome` after the commit."""

    too_many = "Too many messages are waiting to be stored. Please try again."

    def __init__(self, batches: Batches, start: Start) -> None:
        super().__init__(batches.size, MAX_WAITING, start)
        self._batches = batches

    def _take(self) -> list[_Waiting]:
        """The next batch. A second message with the same key waits for the batch after it."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        keys = set()
        while self._queue and len(batch) < self._size:
            waiting = self._queue.popleft()
            key = waiting.item.key
            if key in keys:
                later.append(waiting)
            else:
                keys.add(key)
                batch.append(waiting)
        self._queue.extendleft(reversed(later))
        return batch

    def _work(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = self._batches.store([waiting.item for waiting in batch])
        except (OperationalError, InterfaceError) as error:
            log.warning("messages could not be stored: %s", error.orig)
            fail(batch, unavailable())
        except SQLAlchemyError as error:
            self._store_apart(batch, error)
        else:
            self._settle(batch, outcomes)

    def _store_apart(self, batch: list[_Waiting], error: SQLAlchemyError) -> None:
        """The statement was refused as a whole: find the row that it was for.

        Another process may have stored the same key between our lookup and our insert (`IntegrityError`). Then
        that message is known now, and looking once more is the answer.
        """
        if len(batch) > 1:
            log.info("a batch of %d was refused and is tried row by row: %s", len(batch), error)
            for waiting in batch:
                self._work([waiting])
        elif isinstance(error, IntegrityError) and batch[0].lookups < MAX_LOOKUPS:
            batch[0].lookups += 1
            self._work(batch)
        else:
            fail(batch, error)

    def _settle(self, batch: list[_Waiting], outcomes: Outcomes) -> None:
        deferred = []
        for position, waiting in enumerate(batch):
            outcome = outcomes.get(position)
            if outcome is not None:
                waiting.answer.set(outcome)
            elif waiting.deferrals < MAX_DEFERRALS:
                waiting.deferrals += 1
                deferred.append(waiting)
            else:
                waiting.answer.fail(unavailable("The members of this conversation keep changing."))
        self._queue.extendleft(reversed(deferred))


class MessageWriters:
    """The writers of this process; a conversation always goes to the same one."""

    def __init__(self, batches: Batches, count: int, start: Start) -> None:
        self._writers = [MessageWriter(batches, start) for _ in range(count)]

    def submit(self, draft: Draft) -> Outcome:
        outcome: Outcome = self._writers[crc32(draft.conversation_id.encode()) % len(self._writers)].submit(draft)
        return outcome


def refusal(outcome: Outcome) -> ChatError | None:
    """The error that a refused row means for its sender; None for a stored or known one."""
    if outcome.status is Status.NOT_A_MEMBER:
        return ChatError("not_found", "There is no such conversation, or you are not one of its members.")
    if outcome.status is Status.READ_ONLY:
        return ChatError("forbidden", "Your role in this conversation allows reading only.")
    if outcome.status is Status.BAD_REPLY:
        return ChatError("not_found", "The message that you answer is not in this conversation.")
    return None
