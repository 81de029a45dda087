"""Greenlets that are used again: starting one for each event would cost more than most events do."""

import logging
from collections.abc import Callable
from contextvars import Context
from typing import Any

from eventlet.greenthread import GreenThread
from eventlet.hubs import get_hub
from greenlet import getcurrent

log = logging.getLogger(__name__)

IDLE = 256
"""Greenlets that are kept for the next event; there is no bound on how many work, that is the caller's to set."""
Job = tuple[Callable[..., object], tuple[Any, ...]]


class GreenletPool:
    """Runs functions, each in a context of its own, and logs what they raise."""

    def __init__(self) -> None:
        self._idle: list[GreenThread] = []

    def run(self, function: Callable[..., object], *args: Any) -> None:
        """Begins at once, so that what comes in first begins first; returns when the function waits or is done."""
        hub = get_hub()
        current = getcurrent()
        if current is not hub.greenlet:  # the function's greenlet goes on to the hub, which has to come back here
            hub.schedule_call_global(0, current.switch)
        if self._idle:
            self._idle.pop().switch((function, args))
        else:
            GreenThread(hub.greenlet).switch(self._work, ((function, args),), {})

    def _work(self, job: Job | None) -> None:
        hub = get_hub()
        while True:
            if job is not None:  # else a timer of a former job, which nobody cancelled, woke this greenlet
                function, args = job
                try:
                    Context().run(function, *args)
                except Exception:
                    log.exception("an event was not handled")
                job = function = args = None  # type: ignore[assignment]
                if len(self._idle) >= IDLE:
                    return
                self._idle.append(getcurrent())
            job = hub.switch()
