"""Which channels a process wants: those of its rooms, and for a while those of rooms that have just emptied."""

import time
from typing import Protocol

LINGER = 30.0
"""Seconds that an empty room's channel is still heard: people who reconnect cost nothing."""
MAX_LINGERING = 50_000
"""Channels of empty rooms; beyond it the oldest are left at once."""


class Subscriber(Protocol):
    def subscribe(self, channel: bytes) -> None: ...
    def unsubscribe(self, channel: bytes) -> None: ...


class Subscriptions:
    """Counts the rooms of each channel: the first subscribes, the last leaves it, later."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._rooms: dict[bytes, int] = {}
        self._empty: dict[bytes, float] = {}
        """Since when (monotonic seconds), the oldest first."""

    def enter(self, channel: bytes) -> None:
        """A room of this channel has got its first client."""
        count = self._rooms.get(channel, 0)
        self._rooms[channel] = count + 1
        if not count and self._empty.pop(channel, None) is None:
            self._subscriber.subscribe(channel)

    def leave(self, channel: bytes) -> None:
        """A room of this channel has lost its last client."""
        count = self._rooms.get(channel, 0)
        if count > 1:
            self._rooms[channel] = count - 1
        elif count:
            del self._rooms[channel]
            self._empty[channel] = time.monotonic()
            if len(self._empty) > MAX_LINGERING:
                self._end(next(iter(self._empty)))

    def sweep(self) -> None:
        """To be called now and then."""
        before = time.monotonic() - LINGER
        for channel in [channel for channel, since in self._empty.items() if since <= before]:
            self._end(channel)

    def _end(self, channel: bytes) -> None:
        del self._empty[channel]
        self._subscriber.unsubscribe(channel)
