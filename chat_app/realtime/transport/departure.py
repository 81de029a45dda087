"""Noticing that the other side has closed a connection while its request waits for an answer."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from eventlet.hubs import get_hub
from eventlet.hubs.hub import READ


@contextmanager
def closing_noticed(connection: Any, on_close: Callable[[], None]) -> Iterator[None]:
    """Calls `on_close()` from the hub, once, when the other side closes `connection`.

    Nobody else may read from it meanwhile. A client that sends its next request before it has the answer is watched no
    more, and what it sends is left alone. Of a connection that ends TLS itself the end cannot be told from data.
    """
    if connection is None or isinstance(connection, ssl.SSLSocket):
        yield
        return
    hub = get_hub()

    def readable(_: int) -> None:
        stop()
        if _is_closed(connection):
            on_close()

    def stop() -> None:
        while listeners:
            hub.remove(listeners.pop())

    listeners: list[Any] = []
    listeners.append(hub.add(READ, connection.fileno(), readable, lambda *_: listeners.clear(), None))
    try:
        yield
    finally:
        stop()


def _is_closed(connection: Any) -> bool:
    raw: socket.socket = getattr(connection, "fd", connection)  # eventlet's own would wait
    try:
        return not raw.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
