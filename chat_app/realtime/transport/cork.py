"""What is sent to many websockets within one turn of the hub leaves in one system call for each."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from eventlet.hubs import get_hub

if TYPE_CHECKING:
    from chat_app.realtime.transport.client import Client
    from chat_app.realtime.transport.packets import Packet
    from chat_app.realtime.transport.websocket import Websocket


class Cork:
    """Knows the websockets that something was sent to in this turn."""

    def __init__(self) -> None:
        self._waiting: list[Websocket] = []
        self._is_held = False

    def add(self, websocket: "Websocket") -> None:
        """It is flushed soon."""
        if not self._waiting and not self._is_held:
            get_hub().schedule_call_global(0, self.pull)
        self._waiting.append(websocket)

    def remove(self, websocket: "Websocket") -> None:
        with suppress(ValueError):
            self._waiting.remove(websocket)

    def hold(self) -> None:
        """Whoever calls this calls `pull` within the same turn: no timer is needed for it."""
        self._is_held = True

    def pull(self) -> None:
        self._is_held = False
        waiting, self._waiting = self._waiting, []
        for websocket in waiting:
            websocket.flush()

    def fan_out(self, clients: Iterable["Client"], packet: "Packet") -> None:
        """One packet to many clients. This loop is what a message to a large room costs.

        Most of them wait for the same bytes before and after: these are put together once and shared. Nothing in here
        lets other greenlets run.
        """
        frame = packet.frame
        before: bytes | None = None
        after, begins = b"", False
        for client in clients:
            websocket = client.websocket
            if websocket is None:
                client.send(packet)
                continue
            gathered = websocket.gathered
            if gathered is before and gathered is not None:
                websocket.gathered = after
                if begins:
                    self._waiting.append(websocket)
                continue
            websocket.send(frame)
            if gathered is not None and websocket.gathered:  # else it waits for the kernel, or was flushed at once
                before, after, begins = gathered, websocket.gathered, not gathered
