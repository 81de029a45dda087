"""One connection to one Redis, over which a process both publishes and listens (RESP3 allows that)."""

import logging
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

import redis

from chat_app.realtime.transport.addresses import Address, Node, client_of
from chat_app.realtime.transport.exchange import Exchange, Publish
from chat_app.realtime.transport.resp import Answer, Reader

log = logging.getLogger(__name__)

SILENCE = 8.0
"""Seconds without hearing oneself after which a link counts as dead."""
RECONNECT_PAUSE = (0.1, 1.0)
READ_SIZE = 262144


class Runtime(Protocol):
    """What a link needs of the concurrency of the process."""

    def start(self, function: Callable[..., Any], *args: Any) -> Any: ...
    def sleep(self, seconds: float) -> None: ...
    def event(self) -> Any: ...
    def signal(self) -> Any:
        """As an event, for one that waits without a time-out."""

    def lock(self) -> Any: ...
    def stream(self, socket: Any) -> Any:
        """The socket, or something with its methods that is quicker, and a `release` before the socket is closed."""


class Owner(Protocol):
    """What a link tells."""

    def heard(self, link: "Link", messages: list[bytes]) -> None:
        """Messages came."""

    def restored(self) -> None:
        """Something may have been missed; from now on everything is heard."""

    def overflowed(self) -> None:
        """Messages of this process were dropped."""

    def failed(self, link: "Link") -> None:
        """The connection was lost, or could not be made."""

    def moved(self, link: "Link", stray: list[Publish]) -> None:
        """Another node has what was asked of this one: these messages, or a channel."""


class Link:
    """To `node` of a Cluster, or to the server that `address` means (`node` is None).

    Begins with :meth:`start`; `heart` is the channel over which it has to hear itself.
    """

    def __init__(self, address: Address, node: Node | None, owner: Owner, runtime: Runtime, heart: bytes) -> None:
        self.node = node
        self.heart = heart
        self.heard_at = time.monotonic()
        """When this process last heard itself over it (monotonic seconds)."""
        self.is_down = False
        """It was lost, or could not be made; not so before the first attempt is over."""
        self.interruptions = 0
        self._address = address
        self._owner = owner
        self._runtime = runtime
        self._exchange = Exchange(sharded=address.is_cluster)
        self._lock = runtime.lock()
        """For the exchange and the socket."""
        self._wake = runtime.signal()
        self._client: Any = None
        """redis-py's, whose connection greets and signs in; it closes it when nobody holds the client."""
        self._socket: Any = None
        self._closed = False
        self._failed_before = False
        self._owed: int | None = None
        """The batch of subscriptions after which everybody is told that something may have been missed."""
        self._patient: list[tuple[int, Any]] = []
        """Who waits for a batch, and the event that ends it."""

    def start(self) -> None:
        self.subscribe([self.heart])
        self._runtime.start(self._run)
        self._runtime.start(self._write)

    def close(self) -> None:
        """For good; returns before it is done."""
        self._closed = True
        self._sever(self._socket)
        self._wake.set()
        self._release_patient()

    # -- what others ask of it -------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return not self.is_down and time.monotonic() - self.heard_at < SILENCE

    @property
    def waiting(self) -> int:
        """Messages that Redis has not taken."""
        return len(self._exchange)

    @property
    def dropped(self) -> int:
        return self._exchange.dropped

    def publish(self, message: Publish) -> None:
        with self._lock:
            self._exchange.publish(message)
        self._wake.set()

    def subscribe(self, channels: Iterable[bytes]) -> None:
        with self._lock:
            self._exchange.subscribe(channels)
        self._wake.set()

    def unsubscribe(self, channel: bytes) -> None:
        with self._lock:
            self._exchange.unsubscribe(channel)
        self._wake.set()

    def change_heart(self, heart: bytes) -> None:
        self.unsubscribe(self.heart)
        self.heart = heart
        self.subscribe([heart])

    def is_confirmed(self, channel: bytes) -> bool:
        return not self.is_down and self._exchange.is_confirmed(channel)

    @property
    def is_settled(self) -> bool:
        """Whether all that is wanted is confirmed."""
        return not self.is_down and self._exchange.confirmed >= self._exchange.wanted

    def settle(self, timeout: float) -> bool:
        """Wait until all that is wanted now is confirmed; not at all when there is no connection.

        False: it is not. Then :meth:`Owner.restored` is called once it is.
        """
        with self._lock:
            batch = self._exchange.wanted
            confirmed = self._runtime.event() if not self.is_down and self._exchange.confirmed < batch else None
            if confirmed is not None:
                self._patient.append((batch, confirmed))
        if confirmed is not None:
            confirmed.wait(timeout)
        with self._lock:
            is_settled = not self.is_down and self._exchange.confirmed >= batch
            if not is_settled:
                self._owe()
        return is_settled

    def _owe(self) -> None:
        self._owed = self._exchange.wanted

    def give_up(self, is_elsewhere: Callable[[bytes], bool]) -> tuple[list[bytes], list[Publish]]:
        """What another node has now leaves this link: channels, and messages that wait."""
        with self._lock:
            return self._exchange.give_up(lambda channel: channel != self.heart and is_elsewhere(channel))

    def adopt(self, channels: list[bytes], messages: list[Publish]) -> None:
        """What another link had. What was published while it changed hands may have been missed."""
        with self._lock:
            self._exchange.adopt(channels, messages)
            if channels:
                self._owe()
        self._wake.set()

    def ask_again(self) -> None:
        """What was refused here belongs here after all."""
        with self._lock:
            refused = self._exchange.take_refused()
        if refused:
            self.adopt(refused, [])

    def end_if_silent(self) -> None:
        """To be called now and then."""
        if self._socket is not None and time.monotonic() - self.heard_at > SILENCE:
            log.warning("nothing was heard over the bus for %.0f s; connecting anew", SILENCE)
            self._sever(self._socket)

    # -- the connection --------------------------------------------------------------------------------

    def _run(self) -> None:
        """Connects, and connects anew after every failure and every silence."""
        pause = RECONNECT_PAUSE[0]
        while not self._closed:
            try:
                self._open()
                pause = RECONNECT_PAUSE[0]
                self._listen()
            except (redis.RedisError, OSError, ValueError) as error:
                if not self._closed:
                    log.warning("the bus is interrupted: %s", error)
            except Exception:
                log.exception("the bus is interrupted")
            self._fail()
            self._runtime.sleep(pause)
            pause = min(pause * 2, RECONNECT_PAUSE[1])

    def _open(self) -> None:
        client = client_of(self._address, self.node)
        connection: Any = client.connection_pool.get_connection()
        connection._sock.settimeout(None)
        with self._lock:
            self._client = client
            self._exchange.opened()
            if self._failed_before or self._owed is not None:
                self._owe()
            self._socket = self._runtime.stream(connection._sock)
            self.heard_at = time.monotonic()
            self.is_down = False
        if self._failed_before:
            self.interruptions += 1
            log.warning("the bus is back")
        self._wake.set()

    def _listen(self) -> None:
        """Until the connection ends."""
        link, reader = self._socket, Reader()
        while True:
            data = link.recv(READ_SIZE)
            if not data:
                raise ConnectionResetError("Redis closed the connection")
            messages, answers = reader.read(data)
            if messages:
                self._owner.heard(self, messages)
            if answers:
                self._answered(answers)

    def _answered(self, answers: list[Answer]) -> None:
        exchange = self._exchange
        with self._lock:
            exchange.answer(answers)
            is_told = exchange.overflowed
            exchange.overflowed = False
            stray, exchange.stray = exchange.stray, []
            has_moved, exchange.has_moved = exchange.has_moved, False
        if has_moved:
            self._owner.moved(self, stray)
        if is_told:
            self._owner.overflowed()
        if self._patient or self._owed is not None:
            self._release_patient(exchange.confirmed)
        if self._owed is not None and exchange.confirmed >= self._owed:
            self._owed = None
            self._owner.restored()
        if exchange.has_more:
            self._wake.set()

    def _release_patient(self, batch: int | None = None) -> None:
        """Those who wait for this batch or an earlier one, or all."""
        with self._lock:
            released = [one for one in self._patient if batch is None or one[0] <= batch]
            self._patient = [one for one in self._patient if one not in released]
        for _, confirmed in released:
            confirmed.set()

    def _fail(self) -> None:
        """What has no answer waits again; who waits for a confirmation does not any more."""
        self._sever(self._socket)
        release = getattr(self._socket, "release", None)
        if release is not None:
            release()
        with self._lock:
            self._socket = None
            self.is_down = self._failed_before = True
            self._exchange.failed()
        self._release_patient()
        if self._client is not None:
            self._client.close()
            self._client = None
        self._owner.failed(self)

    def _write(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            link, data = self._take()
            while data:
                try:
                    link.sendall(data)
                except (OSError, ValueError) as error:
                    log.debug("Redis does not take messages: %s", error)
                    self._sever(link)  # the reader sees it
                    break
                link, data = self._take()

    def _take(self) -> tuple[Any, bytes]:
        with self._lock:
            return (self._socket, self._exchange.take()) if self._socket is not None else (None, b"")

    @staticmethod
    def _sever(link: Any) -> None:
        """Whoever reads from it or writes to it finds that out."""
        if link is not None:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
