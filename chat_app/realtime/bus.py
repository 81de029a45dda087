"""The bus between processes (docs/bus.md): Socket.IO's client manager, with guards and with notices of our own.

The database is the truth and the bus a hint: every process hears its own heartbeat over Redis, and after every
interruption its clients are told to `sync`.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask

from chat_app.realtime.transport.redis import Message, RedisManager

CHANNEL = "chatsphere"
CHAT = "/chat"
"""The one namespace whose rooms other processes emit to."""


class Bus(RedisManager):
    """Also carries messages that are not events: `tell(method, …)` calls the handler registered with
    `on(method, …)` in every process, this one included.
    """

    def __init__(self, app: Flask, url: str, *, write_only: bool = False) -> None:
        super().__init__(url, CHANNEL, write_only=write_only)
        self._app = app
        self._handlers: dict[str, Callable[[Message], None]] = {}
        self.before_delivery: Callable[[str, int], bool] = lambda conversation_id, rev: True
        self.on_interruption: Callable[[], None] = lambda: None

    def is_shared(self, namespace: str, room: Any) -> bool:
        """Presence is told by each process to its own."""
        return namespace == CHAT

    def admits(self, guard: tuple[str, int]) -> bool:
        return self.before_delivery(guard[0], guard[1])

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
        if not self.write_only:
            self.emit_packets(event, payload, namespace, room, skip_sid, guard)
            return
        self._publish(
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
        message = {"host_id": self.host_id, "method": method, **fields}
        if not self.write_only:
            self.deliver(message)
        self._publish(message)

    def on(self, method: str, handler: Callable[[Message], None]) -> None:
        self._handlers[method] = handler

    def deliver(self, message: Message) -> None:
        guard = message.get("guard")
        if guard is not None and not self.admits(guard):
            return
        if message["method"] in self._handlers:
            with self._app.app_context():
                self._handlers[message["method"]](message)
        else:
            super().deliver(message)

    def interrupted(self) -> None:
        self.on_interruption()
