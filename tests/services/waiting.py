"""Waiting for a condition, the only way a test may wait."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], timeout: float = 10.0, interval: float = 0.05) -> T:
    """Call `condition` until it returns something true, and return that.

    A condition may also assert: a failed assertion, like a refused connection, means "not yet". After
    `timeout` seconds the last value or error is shown.
    """
    deadline = time.monotonic() + timeout
    while True:
        outcome: object
        error: Exception | None = None
        try:
            value = condition()
            if value:
                return value
            outcome = value
        except (AssertionError, OSError) as problem:
            outcome = error = problem
        if time.monotonic() >= deadline:
            raise AssertionError(f"Not within {timeout:g} s. The last outcome was: {outcome!r}") from error
        time.sleep(interval)
