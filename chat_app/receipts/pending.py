"""The marks of the last moment, before the job has stored them."""

import threading
import time

from flask import Flask, current_app

MAX_HELD = 10_000
"""Members whose marks wait for the next batch; at the bound the batch leaves at once."""
Key = tuple[str, str]
Watermarks = tuple[int, int]


class PendingReceipts:
    """At most one row per (conversation, member): later marks raise the earlier ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Key, Watermarks] = {}
        self._leaving: dict[Key, Watermarks] = {}
        """Those handed to the job by the last flush, which may not have stored them yet."""
        self.since = time.time()
        """No mark that waits is older, in seconds since 1970."""

    def raise_to(self, conversation_id: str, user_id: str, delivered: int, read: int) -> bool:
        """Remember; True when the bound is reached."""
        key = (conversation_id, user_id)
        with self._lock:
            before = self._rows.get(key, (0, 0))
            self._rows[key] = (max(before[0], delivered), max(before[1], read))
            return len(self._rows) >= MAX_HELD

    def highest(self, conversation_id: str, user_id: str, delivered: int, read: int) -> Watermarks:
        """The stored watermarks of a member, raised to what this process knows better."""
        key = (conversation_id, user_id)
        known = [(delivered, read), self._rows.get(key, (0, 0)), self._leaving.get(key, (0, 0))]
        return max(marks[0] for marks in known), max(marks[1] for marks in known)

    def readers(self, conversation_id: str, seq: int) -> dict[str, int]:
        """Who is held here as having read up to `seq` or further: user id → read_seq."""
        with self._lock:
            held = [*self._leaving.items(), *self._rows.items()]
        return {user: read for (where, user), (_, read) in held if where == conversation_id and read >= seq}

    def take(self) -> list[tuple[str, str, int, int]]:
        """Everything that waits, as `(conversation_id, user_id, delivered_seq, read_seq)`."""
        with self._lock:
            rows, self._rows, self._leaving = self._rows, {}, self._rows
            self.since = time.time()
        return [(*key, *marks) for key, marks in rows.items()]


def init_pending_receipts(app: Flask) -> None:
    app.extensions["pending_receipts"] = PendingReceipts()


def pending_receipts() -> PendingReceipts:
    found: PendingReceipts = current_app.extensions["pending_receipts"]
    return found
