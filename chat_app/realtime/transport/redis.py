"""Several processes over Redis: a client manager that hears only what its clients are in, and heals by itself.

In the place of `socketio.RedisManager`, whose processes all hear everything, which opens a connection for each publish
that happens at the same time, and does not notice a subscription that died in silence (python-socketio #826, #1411).
"""

import json
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
from socketio import PubSubManager

from chat_app.realtime.transport.addresses import Address, client_of, owners, read_address
from chat_app.realtime.transport.link import Link
from chat_app.realtime.transport.network import Network, runtime_of
from chat_app.realtime.transport.packets import MESSAGE, Packet
from chat_app.realtime.transport.rooms import Rooms, arguments_of
from chat_app.realtime.transport.shards import Shards, host_prefix, tag_of

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = 2.0
SETTLE_WITHIN = 2.0
"""Seconds that a client waits for Redis to confirm its rooms; then it goes on, and is told once they are confirmed."""
FRESH = 5.0
"""Seconds after somebody entered a room from afar during which everybody hears it: by then Redis has confirmed it."""
MAX_FRESH = 10_000
METHODS = ("emit", "disconnect", "enter_room", "leave_room", "close_room", "callback")
Message = dict[str, Any]


class RedisManager(PubSubManager, Rooms):
    """Own clients are served at once, without the detour through Redis, also while Redis is away.

    Without a `url` it serves one process; see :mod:`addresses` for what it may be. `interrupted` is called in every
    process whose clients may have missed something. With `write_only` it only sends, at once: for processes without
    a server.
    """

    name = "redis"

    def __init__(self, url: str, channel: str = "flask-socketio", *, write_only: bool = False) -> None:
        super().__init__(channel=channel, write_only=write_only, logger=log)
        self._address = read_address(url) if url else None
        self._shards = Shards(channel)
        self._network: Network | None = None
        self._unheard: set[str] = set()
        """Clients that entered a room which Redis had not confirmed."""
        self._fresh: dict[tuple[str, Any], float] = {}
        """Until when everybody is told of a room (monotonic seconds), the oldest first."""
        self._own = (self.host_id.encode() + b"\n", self._on_wire({})[:-1])
        self._common = self._shards.common() if self._is_cluster else channel.encode()

    @property
    def _is_cluster(self) -> bool:
        return self._address is not None and self._address.is_cluster

    @property
    def is_up(self) -> bool:
        """Whether other processes hear this one, as far as it knows; without an address there are none."""
        return self._network is None or self._network.is_up

    @property
    def waiting(self) -> int:
        """Messages that wait for Redis."""
        return self._network.waiting if self._network else 0

    @property
    def dropped(self) -> int:
        return self._network.dropped if self._network else 0

    @property
    def interruptions(self) -> int:
        return self._network.interruptions if self._network else 0

    def interrupted(self) -> None:
        """For subclasses: what was emitted elsewhere may not have come here."""

    def is_shared(self, namespace: str, room: Any) -> bool:
        """For subclasses: whether other processes emit to this room. If not, nobody listens for it."""
        return True

    def deliver(self, message: Message) -> None:
        """Act on a message of this or another process."""
        if message["method"] in METHODS:
            getattr(self, f"_handle_{message['method']}")(message)

    # -- emitting --------------------------------------------------------------------------------------

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str | None = None,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **options: Any,
    ) -> None:
        room = to or room
        if callback is not None or self.write_only or options.get("ignore_queue"):
            super().emit(event, data, namespace or "/", room, skip_sid, callback, **options)
        else:
            self.emit_packets(event, data, namespace or "/", room, skip_sid)

    def emit_packets(
        self, event: str, data: Any, namespace: str, room: Any, skip_sid: Any = None, guard: Any = None
    ) -> None:
        """Encoded once, for the clients here and for those of other processes, which hand it on as it is.

        With a `guard`, :meth:`admits` decides in each process whether it is delivered.
        """
        network = self._start()
        if network is None and not self.has_room(namespace, room):
            return
        packets = self.encode_event(event, arguments_of(data), namespace)
        if len(packets) != 1 or not isinstance(packets[0].data, str):  # attachments
            if guard is not None:
                raise TypeError("an event with a guard has no attachments")
            PubSubManager.emit(self, event, data, namespace, room, skip_sid)
            return
        if guard is None or self.admits(guard):
            self.deliver_packets(namespace, room, skip_sid, packets)
        if network is not None:
            head = orjson.dumps((namespace, room, skip_sid, guard), default=list)
            data = b"%b%b\n%b" % (self._own[0], head, packets[0].data.encode())
            network.publish(self._channel_of(namespace, room), data)

    def admits(self, guard: Any) -> bool:
        """For subclasses that give guards: whether what carries it may be delivered here."""
        return True

    def _publish(self, data: Message) -> None:
        network = self._start()
        if network is not None:
            network.publish(self._channel_for(data), self._on_wire(data))
        elif self._address is not None and self.write_only:
            self._send_now(self._address, self._channel_for(data), self._on_wire(data))

    def _on_wire(self, message: Message) -> bytes:
        """The sender comes first, so that one's own are recognised without parsing. (`host_id` is not always it: an
        acknowledgement carries that of the process that waits for it.)"""
        return json.dumps({"from": self.host_id, **message}).encode()

    def _channel_for(self, message: Message) -> bytes:
        """The narrowest on which everybody hears it whom it concerns."""
        if message["method"] == "callback":
            return self._shards.of_host(message["host_id"])
        if message["method"] in ("disconnect", "enter_room", "leave_room"):
            if message["method"] == "enter_room":
                self.mark_fresh(message["namespace"], message["room"])
            return self._channel_of(message["namespace"], message["sid"])
        if message["method"] in ("emit", "close_room"):
            return self._channel_of(message["namespace"], message["room"])
        return self._common

    def _channel_of(self, namespace: str, room: Any) -> bytes:
        if not isinstance(room, (str, int)) or not self.is_shared(namespace, room):
            return self._common
        if self._fresh and self._fresh.get((namespace, room), 0.0) > time.monotonic():
            return self._common
        return self._shards.of_room(namespace, room)

    def mark_fresh(self, namespace: str, room: Any) -> None:
        """Clients of other processes enter this room now, and those processes have yet to listen for it."""
        self._fresh.pop((namespace, room), None)
        self._fresh[namespace, room] = time.monotonic() + FRESH
        if len(self._fresh) > MAX_FRESH:
            del self._fresh[next(iter(self._fresh))]

    def _forget_fresh(self) -> None:
        now = time.monotonic()
        for one in [one for one, until in self._fresh.items() if until <= now]:
            del self._fresh[one]

    def _send_now(self, address: Address, channel: bytes, data: bytes) -> None:
        """Raises what redis-py raises."""
        if address.is_cluster:
            with client_of(address, owners(address, ())[tag_of(channel)]) as client:
                client.spublish(channel, data)
        else:
            with client_of(address) as client:
                client.publish(channel, data)

    # -- rooms -----------------------------------------------------------------------------------------

    def new_sid(self) -> str:
        return f"{host_prefix(self.host_id)}{super().new_sid()}"

    def room_began(self, sid: str, namespace: str, room: str) -> None:
        network = self._start()
        if network is not None and room != sid and self.is_shared(namespace, room):
            network.enter(self._shards.of_room(namespace, room))

    def room_ended(self, namespace: str, room: str) -> None:
        if self._network is not None and self.is_shared(namespace, room):
            self._network.leave(self._shards.of_room(namespace, room))

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if not self._hears_all and not self.hears(namespace, room):
            self._unheard.add(sid)

    def enter_rooms(self, sid: str, namespace: str, rooms: Sequence[str]) -> None:
        super().enter_rooms(sid, namespace, rooms)
        is_here = (namespace, sid) in self._rooms_of
        if is_here and not self._hears_all and not all(self.hears(namespace, room) for room in rooms):
            self._unheard.add(sid)

    def basic_disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        super().basic_disconnect(sid, namespace, **options)
        self._unheard.discard(sid)

    @property
    def _hears_all(self) -> bool:
        return self._network is None or self._network.is_settled

    def hears(self, namespace: str, room: Any) -> bool:
        """Whether what other processes emit to this room, which has clients here (None: to all), comes here."""
        if self._network is None:
            return True
        if room is None:
            return self._network.is_confirmed(self._common)
        return not self.is_shared(namespace, room) or self._network.is_confirmed(self._shards.of_room(namespace, room))

    def settle(self, sid: str) -> bool:
        """Wait until Redis has confirmed the rooms that this client entered since, `SETTLE_WITHIN` at most.

        To be called before the client is told that it is in them: what it hears or asks for afterwards has no gap.
        If they are not confirmed by then, or Redis is away, `interrupted` is called once they are. True if it waited.
        """
        if sid not in self._unheard:
            return False
        self._unheard.discard(sid)
        self.settle_all()
        return True

    def settle_all(self) -> None:
        """The same for all that was entered until now."""
        if self._network is not None:
            self._network.settle(SETTLE_WITHIN)

    # -- running ---------------------------------------------------------------------------------------

    def initialize(self) -> None:
        """Called by the server with its first client."""
        self._start()

    def _start(self) -> Network | None:
        """None for one process, and for one that only sends."""
        if self._network is not None or self._address is None or self.write_only or self.server is None:
            return self._network
        self._network = network = Network(
            self._address,
            self._shards,
            self.host_id,
            runtime_of(self.server),
            on_messages=self._hear,
            on_restored=self._tell_interrupted,
            on_overflow=partial(self._publish, {"host_id": self.host_id, "method": "interrupted"}),
        )
        for channel in {self._common, self.channel.encode(), self._shards.of_host(self.host_id)}:
            network.enter(channel)
        network.start()
        self.server.start_background_task(self._heart, network)
        return network

    def _heart(self, network: Network) -> None:
        while True:
            network.beat(self._own[0])
            self._forget_fresh()
            self.server.sleep(HEARTBEAT_EVERY)

    def _hear(self, messages: list[bytes], link: Link) -> None:
        own = False
        for data in messages:
            if data.startswith(self._own):  # recognised before it is parsed: it was delivered here already
                own = True
                continue
            try:
                self._take(data)
            except Exception:
                log.exception("a message of the bus was not understood")
        if own:
            link.heard_at = time.monotonic()

    def _take(self, data: bytes) -> None:
        if not data.startswith(b"{"):
            _, head, text = data.split(b"\n", 2)
            namespace, room, skip_sid, guard = orjson.loads(head)
            if self.has_room(namespace, room) and (guard is None or self.admits(guard)):
                self.deliver_packets(namespace, room, skip_sid, [Packet(MESSAGE, text.decode())])
            return
        message = json.loads(data)
        if message["method"] == "interrupted":
            self._tell_interrupted()
        else:
            self.deliver(message)

    def _tell_interrupted(self) -> None:
        try:
            self.interrupted()
        except Exception:
            log.exception("clients could not be told to sync")
