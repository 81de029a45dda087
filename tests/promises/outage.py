"""Time that passes while a part of the product is away."""

import threading
import time
from collections.abc import Iterator
from itertools import count


def throughout(seconds: float, every: float = 0.25) -> Iterator[int]:
    """Numbers, one `every` so many seconds until `seconds` are over: what people do during an outage."""
    clock = threading.Event()
    end = time.monotonic() + seconds
    for number in count():
        if time.monotonic() >= end:
            return
        yield number
        clock.wait(max(0.0, min(every, end - time.monotonic())))


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began
