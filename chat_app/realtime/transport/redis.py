"""Several processes over Redis: a client manager whose link heals by itself.

In the place of `socketio.RedisManager`, which opens a connection for each publish that happens at the same time,
parses its own messages, and does not notice a subscription that died in silence (python-socketio #826, #1411).
"""

import json
import logging
import threading
import time
from collections import deque
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio import PubSubManager

from chat_app.realtime.transport.rooms import Rooms

log = logging.getLogger(__name__)

MAX_OUTGOING = 10_000
"""Messages that wait for Redis; beyond it the oldest are dropped, and all processes are told once Redis is back."""
PIPELINE = 200
HEARTBEAT_EVERY = 2.0
SILENCE = 8.0
"""Seconds without one's own heartbeat after which the subscription counts as dead."""
RECONNECT_PAUSE = (0.1, 1.0)
WAIT = 1.0
READ_SIZE = 65536
METHODS = ("emit", "disconnect", "enter_room", "leave_room", "close_room", "callback")
Message = dict[str, Any]


class RedisManager(PubSubManager, Rooms):
    """Own clients are served at once, without the detour through Redis, also while Redis is away.

    Without a `url` it serves one process. `interrupted` is called in every process whose clients may have missed
    something. With `write_only` it only sends, at once: for processes without a server.
    """

    name = "redis"

    def __init__(self, url: str, channel: str = "flask-socketio", *, write_only: bool = False) -> None:
        super().__init__(channel=channel, write_only=write_only, logger=log)
        self._url = url
        self._outgoing: deque[Message] = deque()
        self._ready = threading.Condition()
        self._overflowed = False
        self._started = False
        self.heard_at = 0.0
        """When this process last heard itself over Redis (monotonic seconds)."""
        self.interruptions = 0
        self.dropped = 0

    @property
    def is_up(self) -> bool:
        """Whether other processes hear this one, as far as it knows; without an address there are none."""
        return not self._url or not self._started or time.monotonic() - self.heard_at < SILENCE

    @property
    def waiting(self) -> int:
        """Messages that wait for Redis."""
        return len(self._outgoing)

    def interrupted(self) -> None:
        """For subclasses: what was emitted elsewhere may not have come here."""

    def deliver(self, message: Message) -> None:
        """Act on a message of this or another process."""
        if message["method"] in METHODS:
            getattr(self, f"_handle_{message['method']}")(message)

    # -- sending ---------------------------------------------------------------------------------------

    def _publish(self, data: Message) -> None:
        if not self._url:
            return
        if self.write_only:
            with self._connect() as client:
                client.publish(self.channel, self._on_wire(data))
            return
        self._start()
        with self._ready:
            if len(self._outgoing) >= MAX_OUTGOING:
                self._outgoing.popleft()
                self._overflowed = True
                self.dropped += 1
            self._outgoing.append(data)
            self._ready.notify()

    def _on_wire(self, message: Message) -> bytes:
        """The sender comes first, so that one's own are recognised without parsing. (`host_id` is not always it: an
        acknowledgement carries that of the process that waits for it.)"""
        return json.dumps({"from": self.host_id, **message}).encode()

    def _connect(self) -> "redis.Redis":
        return redis.Redis.from_url(
            self._url,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
            client_name="chatsphere-bus",
        )

    # -- running ---------------------------------------------------------------------------------------

    def initialize(self) -> None:
        """Called by the server with its first client."""
        self._start()

    def _start(self) -> None:
        if self._started or not self._url or self.write_only:
            return
        self._started = True
        for loop in (self._publisher, self._listener, self._heart):
            self.server.start_background_task(loop)

    def _heart(self) -> None:
        while True:
            self._publish({"host_id": self.host_id, "method": "heartbeat"})
            self.server.sleep(HEARTBEAT_EVERY)

    def _publisher(self) -> None:
        """Sends in the order of publishing, many in one round trip; what fails is sent again."""
        client = self._connect()
        pause = RECONNECT_PAUSE[0]
        while True:
            with self._ready:
                while not self._outgoing:
                    self._ready.wait()
                batch = [self._outgoing.popleft() for _ in range(min(PIPELINE, len(self._outgoing)))]
                if self._overflowed:
                    self._overflowed = False
                    batch.append({"host_id": self.host_id, "method": "interrupted"})
            try:
                with client.pipeline(transaction=False) as pipeline:
                    for message in batch:
                        pipeline.publish(self.channel, self._on_wire(message))
                    pipeline.execute()
                pause = RECONNECT_PAUSE[0]
            except (redis.RedisError, OSError) as error:
                log.warning("Redis does not take messages (%s); other processes wait", error)
                with self._ready:
                    self._outgoing.extendleft(reversed(batch))
                self.server.sleep(pause)
                pause = min(pause * 2, RECONNECT_PAUSE[1])

    def _listener(self) -> None:
        """Subscribes, and subscribes anew after every failure and every silence."""
        first = True
        pause = RECONNECT_PAUSE[0]
        while True:
            client = self._connect()
            subscription = Subscription(client, self.channel)
            try:
                subscription.open()
                self.heard_at = time.monotonic()
                if not first:
                    self.interruptions += 1
                    log.warning("the bus is back; clients are told to sync")
                    self._tell_interrupted()
                first, pause = False, RECONNECT_PAUSE[0]
                self._hear(subscription)
                log.warning("nothing was heard over the bus for %.0f s; subscribing anew", SILENCE)
            except (redis.RedisError, OSError) as error:
                log.warning("the bus is interrupted: %s", error)
                first = False
            _close(subscription, client)
            self.server.sleep(pause)
            pause = min(pause * 2, RECONNECT_PAUSE[1])

    def _hear(self, subscription: "Subscription") -> None:
        """Until the subscription is found dead."""
        own = self._on_wire({})[:-1]
        while time.monotonic() - self.heard_at < SILENCE:
            for data in subscription.messages():
                if data.startswith(own):  # recognised before it is parsed: it was delivered here already
                    self.heard_at = time.monotonic()
                    continue
                try:
                    self._take(json.loads(data))
                except Exception:
                    log.exception("a message of the bus was not understood")

    def _take(self, message: Message) -> None:
        if message["method"] == "interrupted":
            self._tell_interrupted()
        else:
            self.deliver(message)

    def _tell_interrupted(self) -> None:
        try:
            self.interrupted()
        except Exception:
            log.exception("clients could not be told to sync")


class Subscription:
    """To one channel, over a connection of redis-py's, whose own reading costs several times what a message needs."""

    def __init__(self, client: "redis.Redis", channel: str) -> None:
        self._client = client
        self._channel = channel
        self._connection: Any = None
        self._socket: Any = None
        self._buffer = b""

    def open(self) -> None:
        """Ask for it; returns before Redis has answered."""
        self._connection = self._client.connection_pool.get_connection()
        self._connection.send_command("SUBSCRIBE", self._channel)
        self._socket = self._connection._sock
        self._socket.settimeout(WAIT)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()

    def messages(self) -> list[bytes]:
        """What has come, once something has, or nothing after `WAIT` seconds."""
        try:
            data = self._socket.recv(READ_SIZE)
        except TimeoutError:
            return []
        if not data:
            raise ConnectionResetError("Redis closed the subscription")
        self._buffer += data
        replies, at = [], 0
        while (reply := _read(self._buffer, at)) is not None:
            value, at = reply
            if isinstance(value, list) and value[0] == b"message":
                replies.append(value[2])
        self._buffer = self._buffer[at:]
        return replies


def _read(data: bytes, at: int) -> tuple[Any, int] | None:
    """One reply at `at` and where it ends; None when it is not complete.

    https://redis.io/docs/latest/develop/reference/protocol-spec/, as far as a subscriber needs it.
    """
    end = data.find(b"\r\n", at)
    if end < 0:
        return None
    kind, head = data[at : at + 1], data[at + 1 : end]
    at = end + 2
    if kind == b"-":
        raise redis.ResponseError(head.decode())
    if kind == b"$":
        end = at + int(head)
        return (data[at:end], end + 2) if len(data) >= end + 2 else None
    if kind not in (b"*", b">"):
        return head, at
    values = []
    for _ in range(int(head)):
        reply = _read(data, at)
        if reply is None:
            return None
        value, at = reply
        values.append(value)
    return values, at


def _close(*parts: Any) -> None:
    for part in parts:
        try:
            part.close()
        except Exception as error:
            log.debug("while closing a broken link: %s", error)
