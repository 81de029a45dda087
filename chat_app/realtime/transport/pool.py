"""Greenlets that are used again: starting one for each event would cost more than most events do."""

import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any

from eventlet import Timeout
from eventlet.greenthread import GreenThread
from eventlet.hubs import get_hub
from greenlet import getcurrent

from chat_app.realtime.transport.cork import Cork

log = logging.getLogger(__name__)

IDLE = 256
"""Greenlets that are kept for the next event; there is no bound on how many work, that is the caller's to set."""
Job = tuple[Callable[..., object], tuple[Any, ...]]
_GO = object()
"""Says to an idle greenlet that it was meant."""


class GreenletPool:
    """Runs functions, each in a context of its own, and logs what they raise.

    What comes in within one turn of the hub begins at its end, in that order. One greenlet works on all of it for as
    long as nothing waits; once something does, another one takes up the next. What they send leaves after that.
    """

    def __init__(self, cork: Cork) -> None:
        self._cork = cork
        self._jobs: deque[Job] = deque()
        self._is_due = False
        self._idle: list[GreenThread] = []

    def run(self, function: Callable[..., object], *args: Any) -> None:
        """Returns at once; the function begins with the end of this turn of the hub."""
        self._jobs.append((function, args))
        if not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(0, self._begin)

    def _begin(self) -> None:
        """In the hub: a greenlet comes back here when its job waits, or when there is none left."""
        self._cork.hold()
        jobs, idle, hub = self._jobs, self._idle, get_hub()
        try:
            while jobs:
                if idle:
                    idle.pop().switch(_GO)
                else:
                    GreenThread(hub.greenlet).switch(self._work, (), {})
        finally:
            self._is_due = False
            self._cork.pull()

    def _work(self) -> None:
        jobs, idle, hub, myself = self._jobs, self._idle, get_hub(), getcurrent()
        while True:
            while jobs:
                function, args = jobs.popleft()
                try:
                    Context().run(function, *args)
                except (Exception, Timeout):
                    log.exception("an event was not handled")
                function = args = None  # type: ignore[assignment]
            if len(idle) >= IDLE:
                return
            idle.append(myself)
            while hub.switch() is not _GO:
                pass  # a timer of a former job, which nobody cancelled
