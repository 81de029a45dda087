"""Handing values from one greenlet or thread to another: what the message writer and its callers wait with.

The standard library's `Condition` and `Future`, patched by eventlet, take several locks and a timer for each call; on
the hub itself it takes one switch. In threading mode they are the standard library's own.
"""

import threading
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from chat_app.runtime import async_mode

T = TypeVar("T")


class Answer(Protocol):
    """One value or error, given once, awaited by one caller."""

    def result(self, timeout: float) -> Any:
        """The value, or raises what :meth:`fail` was given; `TimeoutError` after so many seconds."""

    def set(self, value: Any) -> None: ...

    def fail(self, error: Exception) -> None: ...

    def done(self) -> bool: ...


class Bell(Protocol):
    """Wakes the one that waits. A ring before the wait is not lost; several are one."""

    def wait(self) -> None: ...

    def ring(self) -> None: ...


def answer_type() -> type[Answer]:
    """The class of answers of this process; to be asked for once it is patched."""
    if async_mode() == "eventlet":
        from chat_app.runtime.green_handover import GreenAnswer

        return GreenAnswer
    return ThreadAnswer


def new_bell() -> Bell:
    if async_mode() == "eventlet":
        from chat_app.runtime.green_handover import GreenBell

        return GreenBell()
    return ThreadBell()


class ThreadAnswer(Generic[T]):
    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: Future[T] = Future()

    def result(self, timeout: float) -> T:
        return self._future.result(timeout)

    def set(self, value: T) -> None:
        self._future.set_result(value)

    def fail(self, error: Exception) -> None:
        self._future.set_exception(error)

    def done(self) -> bool:
        return self._future.done()


class ThreadBell:
    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self) -> None:
        self._event.wait()
        self._event.clear()

    def ring(self) -> None:
        self._event.set()
