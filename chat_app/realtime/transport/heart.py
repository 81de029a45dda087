"""Pings, without a greenlet or a timer for each client.

All clients have the same interval and the same patience, so what is due next is always what was put down first: two
queues, and one timer for the whole of them. Who leaves is taken out of them at once: what came and went would otherwise
be kept for an interval.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eventlet.hubs import get_hub

if TYPE_CHECKING:
    from chat_app.realtime.transport.client import Client

LATE = 0.1
"""Of the patience: so much may a ping that leaves late cost the client, whose deadline counts from when it was due."""


class Heart:
    """Pings each client `interval` seconds after its last answer, and ends who does not answer within `patience`."""

    def __init__(self, interval: float, patience: float) -> None:
        self._interval = interval
        self._patience = patience
        self._pings: OrderedDict[Client, float] = OrderedDict()
        """When a client is to be pinged; each is here or in the other, never in both."""
        self._deadlines: OrderedDict[Client, float] = OrderedDict()
        """When one that was pinged is given up."""
        self._timer: Any = None
        self._timer_at = 0.0

    def add(self, client: "Client") -> None:
        """Its first ping is due after one interval."""
        self._pings[client] = time.monotonic() + self._interval
        self._schedule()

    def remove(self, client: "Client") -> None:
        self._pings.pop(client, None)
        self._deadlines.pop(client, None)

    def answered(self, client: "Client") -> None:
        """A pong; one that nobody asked for changes nothing."""
        if self._deadlines.pop(client, None) is not None:
            self.add(client)

    def catch_up(self) -> None:
        """Do what is due by now, for a request that the hub handles before the timer."""
        if self._timer is not None and self._timer_at <= time.monotonic():
            self._timer.cancel()
            self._beat()

    def _schedule(self) -> None:
        due = min((next(iter(queue.values())) for queue in (self._pings, self._deadlines) if queue), default=None)
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = get_hub().schedule_call_global(max(0.0, due - time.monotonic()), self._beat)

    def _beat(self) -> None:
        self._timer = None
        now = time.monotonic()
        for client, due in _due(self._pings, now):
            self._deadlines[client] = max(due, now - LATE * self._patience) + self._patience
            client.ping()
        for client, _ in _due(self._deadlines, now):
            client.end(client.server.reason.PING_TIMEOUT)
        self._schedule()


def _due(queue: "OrderedDict[Client, float]", now: float) -> "Iterator[tuple[Client, float]]":
    """Taken out one after the other; what is done with one may change the queue."""
    while queue and next(iter(queue.values())) <= now:
        yield queue.popitem(last=False)
