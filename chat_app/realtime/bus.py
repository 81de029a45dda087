"""The bus between processes: Redis publish/subscribe, which heals by itself (docs/bus.md).

The database is the truth and the bus a hint. Redis can drop messages and a subscription can die in silence
(python-socketio #826, #1411), so every process hears its own heartbeat over the bus; when it does not, it
subscribes anew, and after every interruption its clients are told to `sync`.

Local sockets are served at once, without the detour through Redis, also while Redis is away.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import redis
from flask import Flask
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio import PubSubManager

from chat_app.realtime.transport.rooms import Rooms

log = logging.getLogger(__name__)

CHANNEL = "chatsphere"
MAX_OUTGOING = 10_000
"""Messages that wait for Redis; beyond it the oldest are dropped, and everybody syncs once Redis is back."""
PIPELINE = 200
HEARTBEAT_EVERY = 2.0
SILENCE = 8.0
"""Seconds without one's own heartbeat after which the subscription counts as dead."""
RECONNECT_PAUSE = (0.1, 1.0)
_SOCKETIO_METHODS = ("disconnect", "enter_room", "leave_room", "close_room", "callback")
Message = dict[str, Any]


class Bus(PubSubManager, Rooms):
    """Socket.IO's client manager with our own link to Redis; without an address it serves one process.

    Also carries messages that are not events: `tell(method, …)` calls the handler registered with
    `on(method, …)` in every process, this one included.
    """

    name = "chatsphere"

    def __init__(self, app: Flask, url: str, *, write_only: bool = False) -> None:
        super().__init__(channel=CHANNEL, write_only=write_only, logger=log)
        self._app = app
        self._url = url
        self._outgoing: deque[Message] = deque()
        self._ready = threading.Condition()
        self._overflowed = False
        self._started = False
        self._handlers: dict[str, Callable[[Message], None]] = {}
        self.before_delivery: Callable[[str, int], bool] = lambda conversation_id, rev: True
        self.on_interruption: Callable[[], None] = lambda: None
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

    # -- sending -----------------------------------------------------------------------------------

    def publish_event(
        self,
        event: str,
        payload: Message,
        *,
        namespace: str,
        room: str,
        guard: tuple[str, int] | None = None,
        skip_sid: str | None = None,
    ) -> None:
        """Like `emit`, with the guard of `publish`."""
        self._deliver_everywhere(
            {
                "host_id": self.host_id,
                "method": "emit",
                "event": event,
                "data": [payload],
                "namespace": namespace,
                "room": room,
                "skip_sid": skip_sid,
                "guard": guard,
            }
        )

    def tell(self, method: str, **fields: Any) -> None:
        self._deliver_everywhere({"host_id": self.host_id, "method": method, **fields})

    def on(self, method: str, handler: Callable[[Message], None]) -> None:
        self._handlers[method] = handler

    def _deliver_everywhere(self, message: Message) -> None:
        if not self.write_only:
            self._deliver_here(message)
        self._publish(message)

    def _publish(self, data: Message) -> None:
        if not self._url:
            return
        if self.write_only:  # a worker or a command: no loop of its own, so it sends at once
            with self._connect() as client:
                client.publish(self.channel, _encode(data))
            return
        self._start()
        with self._ready:
            if len(self._outgoing) >= MAX_OUTGOING:
                self._outgoing.popleft()
                self._overflowed = True
                self.dropped += 1
            self._outgoing.append(data)
            self._ready.notify()

    def _connect(self) -> "redis.Redis":
        return redis.Redis.from_url(
            self._url,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
            client_name="chatsphere-bus",
        )

    # -- running -----------------------------------------------------------------------------------

    def initialize(self) -> None:
        """Called by the Socket.IO server with the first connection."""
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
                        pipeline.publish(self.channel, _encode(message))
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
            subscription = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            try:
                subscription.subscribe(self.channel)
                self.heard_at = time.monotonic()
                if not first:
                    self.interruptions += 1
                    log.warning("the bus is back; clients are told to sync")
                    self._interrupted()
                first, pause = False, RECONNECT_PAUSE[0]
                self._hear(subscription)
                log.warning("nothing was heard over the bus for %.0f s; subscribing anew", SILENCE)
            except (redis.RedisError, OSError) as error:
                log.warning("the bus is interrupted: %s", error)
                first = False
            _close(subscription, client)
            self.server.sleep(pause)
            pause = min(pause * 2, RECONNECT_PAUSE[1])

    def _hear(self, subscription: Any) -> None:
        """Until the subscription is found dead."""
        own = _encode({"host_id": self.host_id})[:-1]
        while time.monotonic() - self.heard_at < SILENCE:
            message = subscription.get_message(timeout=1.0)
            if message is None or message["type"] != "message":
                continue
            data: bytes = message["data"]
            if data.startswith(own):  # recognised before it is parsed: it was delivered here already
                self.heard_at = time.monotonic()
                continue
            try:
                self._deliver_here(json.loads(data))
            except Exception:
                log.exception("a message of the bus was not understood")

    # -- receiving ---------------------------------------------------------------------------------

    def _deliver_here(self, message: Message) -> None:
        method = message["method"]
        if method == "emit":
            guard = message.get("guard")
            if guard is None or self.before_delivery(guard[0], guard[1]):
                self._handle_emit(message)
        elif method == "interrupted":
            self._interrupted()
        elif method in self._handlers:
            with self._app.app_context():
                self._handlers[method](message)
        elif method in _SOCKETIO_METHODS:
            getattr(self, f"_handle_{method}")(message)

    def _interrupted(self) -> None:
        try:
            self.on_interruption()
        except Exception:
            log.exception("clients could not be told to sync")


def _encode(message: Message) -> bytes:
    """`host_id` comes first, so that one's own are recognised without parsing."""
    return json.dumps({"host_id": message["host_id"], **message}).encode()


def _close(*parts: Any) -> None:
    for part in parts:
        try:
            part.close()
        except Exception as error:
            log.debug("while closing a broken link: %s", error)
