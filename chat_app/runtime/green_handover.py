"""The same on eventlet's hub: see :mod:`chat_app.runtime.handover`. Nothing here is for other threads."""

from collections import deque
from time import monotonic
from typing import Any, ClassVar

from eventlet.hubs import get_hub
from greenlet import getcurrent


class GreenAnswer:
    __slots__ = ("_error", "_is_done", "_value", "deadline", "waiter")

    def __init__(self) -> None:
        self._is_done = False
        self._value: Any = None
        self._error: Exception | None = None
        self.waiter: Any = None
        """The greenlet that waits, for as long as it does: nobody else may be woken."""
        self.deadline = 0.0

    def result(self, timeout: float) -> Any:
        if not self._is_done:
            self.waiter, self.deadline = getcurrent(), monotonic() + timeout
            _Watch.over(self, timeout)
            try:
                while not self._is_done:  # whatever else wakes this greenlet does not end its wait
                    get_hub().switch()
            finally:
                self.waiter = None
        if self._error is not None:
            raise self._error
        return self._value

    def set(self, value: Any) -> None:
        if not self._is_done:
            self._is_done, self._value = True, value
            _wake(self)

    def fail(self, error: Exception) -> None:
        if not self._is_done:
            self._is_done, self._error = True, error
            _wake(self)

    def done(self) -> bool:
        return self._is_done


class GreenBell:
    __slots__ = ("_is_rung", "waiter")

    def __init__(self) -> None:
        self._is_rung = False
        self.waiter: Any = None

    def wait(self) -> None:
        self.waiter = getcurrent()
        try:
            while not self._is_rung:
                get_hub().switch()
        finally:
            self.waiter = None
        self._is_rung = False

    def ring(self) -> None:
        if not self._is_rung:
            self._is_rung = True
            _wake(self)


_woken: deque[GreenAnswer | GreenBell] = deque()
"""Whose waiters go on with the next turn of the hub: one timer for all of them, in this order."""


def _wake(one: GreenAnswer | GreenBell) -> None:
    if one.waiter is not None:
        _woken.append(one)
        if len(_woken) == 1:
            get_hub().schedule_call_global(0, _go_on)


def _go_on() -> None:
    """In the hub. What one of them raises goes to the hub, which reports it; the others go on after that."""
    try:
        while _woken:
            waiter = _woken[0].waiter
            if waiter is not None:
                waiter.switch()
            _woken.popleft()
    except BaseException:
        _woken.popleft()
        if _woken:
            get_hub().schedule_call_global(0, _go_on)
        raise


class _Watch:
    """Answers that are awaited for the same number of seconds, in order of time. One timer for all of them."""

    _by_timeout: ClassVar[dict[float, "_Watch"]] = {}

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._waiting: deque[GreenAnswer] = deque()
        self._is_due = False

    @classmethod
    def over(cls, answer: GreenAnswer, timeout: float) -> None:
        watch = cls._by_timeout.get(timeout)
        if watch is None:
            watch = cls._by_timeout[timeout] = cls(timeout)
        watch._add(answer)

    def _add(self, answer: GreenAnswer) -> None:
        waiting = self._waiting
        while waiting and waiting[0].done():
            waiting.popleft()
        waiting.append(answer)
        if not self._is_due:
            self._is_due = True
            get_hub().schedule_call_global(self._timeout, self._look)

    def _look(self) -> None:
        waiting, now = self._waiting, monotonic()
        while waiting and (waiting[0].done() or waiting[0].deadline <= now):
            waiting.popleft().fail(TimeoutError())
        self._is_due = bool(waiting)
        if waiting:
            get_hub().schedule_call_global(max(0.0, waiting[0].deadline - now), self._look)
