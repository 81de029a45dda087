"""Watermarks. Marks that come at once cost one query: it is permission, bound (the last message) and audience.

Told at once to the conversation, kept in this process for a moment, then stored by the job `receipts.store`, which
tells the stored state to whoever connected in between (docs/receipts.md).
"""

import logging
from collections.abc import Sequence
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat_app.batching import Batcher, Start, Waiting, fail
from chat_app.db import after_commit, transaction
from chat_app.errors import not_found, unavailable
from chat_app.jobs import enqueue
from chat_app.realtime.publish import publish_receipt, receipts_stored
from chat_app.receipts.pending import pending_receipts
from chat_app.receipts.watermarks import Key, Marks, Place, places_for, raise_stored
from chat_app.settings import Settings

log = logging.getLogger(__name__)

BATCH = 500
"""Rows of one job."""
MAX_LOOKED_UP = 100
"""Marks of one query."""
MAX_WAITING = 10_000
"""Marks that may wait for their query; beyond it they are refused as `unavailable`, and clients repeat them."""


class MarkReader(Batcher[Key]):
    """Looks up what marks have to know; `submit` returns a :class:`Place`, or None for who is no member."""

    too_many = "Too many receipts are waiting. Please try again."

    def __init__(self, app: Flask, settings: Settings, start: Start) -> None:
        super().__init__(MAX_LOOKED_UP, MAX_WAITING, start)
        self._app = app
        self._places = places_for(settings)

    def _work(self, batch: list[Waiting[Key]]) -> None:
        try:
            with self._app.app_context():
                found = self._places.look([waiting.item for waiting in batch])
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            log.warning("receipts could not be looked up: %s", error)
            fail(batch, unavailable())
            return
        for waiting in batch:
            waiting.answer.set(found.get(waiting.item))


def mark(user_id: str, conversation_id: str, seq: int, *, read: bool) -> None:
    """Move one's watermark to `seq` (reading implies delivery); `not_found` for a non-member.

    A mark behind the stored one changes nothing and is told to nobody.
    """
    place: Place | None = current_app.extensions["mark_reader"].submit((conversation_id, user_id))
    if place is None:
        raise not_found("conversation")
    reached = min(seq, place.last_seq)
    before = pending_receipts().highest(conversation_id, user_id, place.delivered_seq, place.read_seq)
    delivered = max(before[0], reached)
    read_seq = max(before[1], reached) if read else before[1]
    if (delivered, read_seq) == before:
        return
    _hold(conversation_id, user_id, delivered, read_seq)
    publish_receipt(receipt(conversation_id, user_id, delivered, read_seq), place.member_count, place.members_rev)


def sender_has_read(user_id: str, conversation_id: str, seq: int) -> None:
    """Who sends a message has it, and everything before it. Told by the message itself."""
    _hold(conversation_id, user_id, seq, seq)


def _hold(conversation_id: str, user_id: str, delivered: int, read: int) -> None:
    if pending_receipts().raise_to(conversation_id, user_id, delivered, read):
        flush()


def flush() -> None:
    """Hand what is held to the job, in batches; called every second and at the bound."""
    since = pending_receipts().since
    rows = pending_receipts().take()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        try:
            enqueue("receipts.store", batch, since)
        except Exception as error:
            log.warning("receipts are stored without the job queue, which does not answer: %s", error)
            _store_here(batch, since)


def _store_here(batch: list[Marks], since: float) -> None:
    """Without a broker this process stores them; without a database they wait for the next flush."""
    try:
        with transaction():
            store(batch, since)
    except Exception:
        pending = pending_receipts()
        for row in batch:
            pending.raise_to(*row)
        pending.since = min(pending.since, since)
        raise


def store(rows: Sequence[Marks], since: float = 0.0) -> None:
    """Raise the stored watermarks; the job's work. `since` is when the first of these marks was told, in seconds
    since 1970: whoever connected after it is told what is stored; everybody, when nothing is said.

    Never backwards and never past the last message, so that it may run late, twice or in any order.
    """
    raised = raise_stored(rows)
    if raised:
        after_commit(receipts_stored, [list(row) for row in raised], since)


def receipt(conversation_id: str, user_id: str, delivered: int, read: int) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "user_id": user_id,
        "delivered_seq": delivered,
        "read_seq": read,
    }
