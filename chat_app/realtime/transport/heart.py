"""Pings, without a greenlet or a timer for each client.

All clients have the same interval and the same patience, so what is due next is always what was put down
first: two queues, and one timer for the whole of them.
"""

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from eventlet.hubs import get_hub

if TYPE_CHECKING:
    from chat_app.realtime.transport.client import Client

LATE = 0.1
"""Of the patience: so much may a ping that leaves late cost the client, whose deadline counts from when it was due."""
Due = tuple[float, int, "Client"]
"""When, the client's beat at which it was put down, and the client."""


class Heart:
    """Pings each client `interval` seconds after its last answer, and ends who does not answer within `patience`."""

    def __init__(self, interval: float, patience: float) -> None:
        self._interval = interval
        self._patience = patience
        self._pings: deque[Due] = deque()
        self._deadlines: deque[Due] = deque()
        self._timer: Any = None
        self._timer_at = 0.0

    def add(self, client: "Client") -> None:
        """Its first ping is due after one interval."""
        self._pings.append((time.monotonic() + self._interval, client.beat, client))
        self._schedule()

    def answered(self, client: "Client") -> None:
        """A pong; one that nobody asked for changes nothing."""
        if client.awaits_pong:
            client.awaits_pong = False
            self.add(client)

    def catch_up(self) -> None:
        """Do what is due by now, for a request that the hub handles before the timer."""
        if self._timer is not None and self._timer_at <= time.monotonic():
            self._timer.cancel()
            self._beat()

    def _schedule(self) -> None:
        due = min((queue[0][0] for queue in (self._pings, self._deadlines) if queue), default=None)
        if due is None or (self._timer is not None and self._timer_at <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        self._timer = get_hub().schedule_call_global(max(0.0, due - time.monotonic()), self._beat)

    def _beat(self) -> None:
        self._timer = None
        now = time.monotonic()
        while self._pings and self._pings[0][0] <= now:
            due, beat, client = self._pings.popleft()
            if not client.closed and client.beat == beat:
                client.ping()
                deadline = max(due, now - LATE * self._patience) + self._patience
                self._deadlines.append((deadline, client.beat, client))
        while self._deadlines and self._deadlines[0][0] <= now:
            _, beat, client = self._deadlines.popleft()
            if client.awaits_pong and client.beat == beat:
                client.end(client.server.reason.PING_TIMEOUT)
        self._schedule()
