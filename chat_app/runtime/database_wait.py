"""How psycopg waits in a green process: on eventlet's hub, without a selector for each call.

psycopg's `wait_selector`, over the `select` that eventlet patches, makes a selector, registers with it and waits for it
with a time-out: 15 to 25 µs more for each statement. The contract is the same (psycopg/waiting.py, 3.3): the generator
says what it waits for and is told what is ready, or nothing after each `interval`, so that it can look after its own
time-outs; after `timeout` seconds `_WaitTimeout` is raised.
"""

import os
from time import monotonic
from typing import Any, TypeVar

from eventlet.hubs import get_hub
from eventlet.hubs.hub import READ, WRITE
from greenlet import getcurrent
from psycopg import errors, waiting
from psycopg.abc import PQGen
from psycopg.waiting import READY_NONE, READY_R, READY_W, WAIT_R, WAIT_W, Wait

RV = TypeVar("RV")


def install() -> None:
    """Have every connection of this process wait so, once it is open; opening one stays with psycopg."""
    waiting.wait = wait_on_hub


def wait_on_hub(gen: PQGen[RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """In the place of `psycopg.waiting.wait`."""
    if interval is None:
        raise ValueError("indefinite wait not supported anymore")
    deadline = None if timeout is None else monotonic() + timeout
    try:
        wanted = next(gen)
        while True:
            pause = interval if deadline is None else max(0.0, min(interval, deadline - monotonic()))
            ready = _ready(fileno, wanted, pause)
            if ready not in (READY_R, READY_W):  # whatever else wakes this greenlet counts as nothing
                _refuse_closed(fileno)
                gen.send(READY_NONE)
            else:
                wanted = gen.send(ready)
            if deadline is not None and monotonic() >= deadline:
                raise errors._WaitTimeout("wait timeout expired")
    except StopIteration as end:
        found: RV = end.value
        return found


def _ready(fileno: int, wanted: Wait, pause: float) -> Any:
    """What of the wanted is possible, or READY_NONE after `pause` seconds."""
    hub, current = get_hub(), getcurrent()
    timer = hub.schedule_call_global(pause, current.switch, READY_NONE)
    listeners = []
    try:
        if wanted & WAIT_R:
            listeners.append(hub.add(READ, fileno, lambda _: current.switch(READY_R), current.throw, None))
        if wanted & WAIT_W:
            listeners.append(hub.add(WRITE, fileno, lambda _: current.switch(READY_W), current.throw, None))
        return hub.switch()
    finally:
        timer.cancel()
        for listener in listeners:
            hub.remove(listener)


def _refuse_closed(fileno: int) -> None:
    try:
        os.fstat(fileno)
    except OSError as error:
        raise errors.OperationalError("connection socket closed") from error
