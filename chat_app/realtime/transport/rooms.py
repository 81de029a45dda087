"""Who is where: the client manager of one process, with sets in the place of searches.

In the place of `socketio.Manager`, which looks at every room of a namespace when somebody leaves and copies a room
for each emit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import engineio.packet
import socketio
from bidict import bidict
from socketio import packet

from chat_app.realtime.transport.packets import MESSAGE, Packet

if TYPE_CHECKING:
    from chat_app.realtime.transport.client import Client


class Members(dict[str, str]):
    """`{sid: eio_sid}` of a room. Not a bidict, whose inverse only the room of all needs: to make one takes eight times
    as long. The attribute is what `socketio.BaseManager` reads of it.
    """

    @property
    def _fwdm(self) -> "Members":
        return self


class Rooms(socketio.Manager):
    """Also holds back what is emitted to a client while its connect handler runs: its CONNECT has to be first."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.pending_connect: dict[str, set[str]] = {}
        self.pending_disconnect: dict[str, set[str]] = {}
        self._rooms_of: dict[tuple[str, str], set[str | None]] = {}
        self._held: dict[str, list[Packet]] = {}
        self._clients: dict[tuple[str, Any], list[Client]] = {}
        """Of rooms that something was emitted to since somebody came or went; so that an emit looks nobody up."""

    # -- coming and going ------------------------------------------------------------------------------

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        if self.sid_from_eio_sid(eio_sid, namespace) is not None:
            return None
        sid = self.new_sid()
        self.basic_enter_room(sid, namespace, None, eio_sid=eio_sid)
        self.basic_enter_room(sid, namespace, sid, eio_sid=eio_sid)
        self.pending_connect.setdefault(namespace, set()).add(sid)
        self._held[sid] = []
        return sid

    def new_sid(self) -> str:
        sid: str = self.server.eio.generate_id()
        return sid

    def settle(self, sid: str) -> bool:
        """Called before a client is told that it is where its handler put it; see :class:`RedisManager`."""
        return False

    def connect(self, sid: str, namespace: str) -> str:
        super().connect(sid, namespace)
        for packet_ in self._held.pop(sid, ()):
            self.server.eio.deliver(self.eio_sid_from_sid(sid, namespace), packet_)
        return sid

    def is_connected(self, sid: str, namespace: str) -> bool:
        if sid in self.pending_connect.get(namespace, ()) or sid in self.pending_disconnect.get(namespace, ()):
            return False
        rooms = self.rooms.get(namespace)
        return rooms is not None and sid in rooms.get(None, ())

    def holds(self, sid: str) -> bool:
        """Whether something waits until this client is connected."""
        return bool(self._held.get(sid))

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self.pending_disconnect.setdefault(namespace, set()).add(sid)
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        for room in self._rooms_of.pop((namespace, sid), ()):
            self._leave(sid, namespace, room)
        self.callbacks.pop(sid, None)
        self._held.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        if eio_sid is None and namespace not in self.rooms:
            raise ValueError("sid is not connected to requested namespace")
        there = self.rooms.setdefault(namespace, {})
        if room is None:
            there.setdefault(None, bidict())[sid] = eio_sid
            self._clients.pop((namespace, None), None)
            self._rooms_of.setdefault((namespace, sid), set()).add(None)
        else:
            self._enter(sid, namespace, eio_sid or there[None][sid], (room,))

    def enter_rooms(self, sid: str, namespace: str, rooms: Sequence[str]) -> None:
        """Many at once, for a client of this process; nothing for one that has left."""
        eio_sid = self.rooms.get(namespace, {}).get(None, {}).get(sid)
        if eio_sid is not None:
            self._enter(sid, namespace, eio_sid, rooms)

    def _enter(self, sid: str, namespace: str, eio_sid: str, rooms: Sequence[str]) -> None:
        there, began = self.rooms[namespace], []
        for room in rooms:
            members = there.get(room)
            if members is None:
                there[room] = Members({sid: eio_sid})
                began.append(room)
            else:
                members[sid] = eio_sid
            self._clients.pop((namespace, room), None)
        self._rooms_of.setdefault((namespace, sid), set()).update(rooms)
        for room in began:
            self.room_began(sid, namespace, room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        self._rooms_of.get((namespace, sid), set()).discard(room)
        self._leave(sid, namespace, room)

    def _leave(self, sid: str, namespace: str, room: str | None) -> None:
        self._clients.pop((namespace, room), None)
        was_there = room is not None and self.has_room(namespace, room)
        super().basic_leave_room(sid, namespace, room)
        if was_there and not self.has_room(namespace, room):
            self.room_ended(namespace, room)

    def has_room(self, namespace: str, room: Any) -> bool:
        """Whether clients are in it here."""
        return bool(self._participants(namespace, room))

    def room_began(self, sid: str, namespace: str, room: Any) -> None:
        """For subclasses: this client is the first in it."""

    def room_ended(self, namespace: str, room: Any) -> None:
        """For subclasses: the last client has left it."""

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        return [room for room in self._rooms_of.get((namespace, sid), ()) if room is not None]

    # -- emitting --------------------------------------------------------------------------------------

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: str | Sequence[str] | None = None,
        callback: Callable[..., Any] | None = None,
        to: Any = None,
        **_: Any,
    ) -> None:
        """To this process's own clients. The packet is encoded and framed once, unless each acknowledges it."""
        room = to or room
        here = self._participants(namespace, room)
        if callback is None:
            if here:
                self.deliver_packets(namespace, room, skip_sid, self.encode_event(event, arguments_of(data), namespace))
            return
        if not self._is_fast:
            super().emit(event, data, namespace, room=room, skip_sid=skip_sid, callback=callback)
            return
        for sid, eio_sid in list(here.items()):
            if sid not in _several(skip_sid):
                ack_id = self._generate_ack_id(sid, callback)
                arguments = [event, *arguments_of(data)]
                self._deliver(sid, eio_sid, self.server.encode(packet.EVENT, arguments, namespace, ack_id))

    @property
    def _is_fast(self) -> bool:
        """Whether the server is ours."""
        return hasattr(self.server.eio, "deliver")

    def encode_event(self, event: str, arguments: list[Any], namespace: str) -> list[Packet]:
        """The packet of an event, and one for each of its attachments."""
        if self._is_fast:
            packets: list[Packet] = self.server.encode(packet.EVENT, [event, *arguments], namespace)
            return packets
        encoded = self.server.packet_class(packet.EVENT, namespace=namespace, data=[event, *arguments]).encode()
        return [Packet(MESSAGE, part) for part in (encoded if isinstance(encoded, list) else [encoded])]

    def deliver_packets(self, namespace: str, room: Any, skip_sid: Any, packets: list[Packet]) -> None:
        """To this process's clients in the room."""
        here, skipped = self._participants(namespace, room), _several(skip_sid)
        if not self._is_fast:
            for sid, eio_sid in list(here.items()):
                if sid not in skipped:
                    for one in packets:
                        self.server._send_eio_packet(eio_sid, engineio.packet.Packet(engineio.packet.MESSAGE, one.data))
            return
        if len(packets) == 1 and self._held.keys().isdisjoint(here.keys()):
            clients = self._clients_but(skipped, here) if skipped else self._clients_in(namespace, room, here)
            self.server.eio.cork.fan_out(clients, packets[0])
            return
        for sid, eio_sid in here.items():
            if sid not in skipped:
                self._deliver(sid, eio_sid, packets)

    def _clients_in(self, namespace: str, room: Any, here: Mapping[str, str]) -> "list[Client]":
        if isinstance(room, (list, tuple, set)):
            return self._clients_but((), here)
        clients = self._clients.get((namespace, room))
        if clients is None:
            clients = self._clients[namespace, room] = self._clients_but((), here)
        return clients

    def _clients_but(self, skipped: Sequence[str], here: Mapping[str, str]) -> "list[Client]":
        sockets = self.server.eio.sockets
        return [sockets[eio_sid] for sid, eio_sid in here.items() if eio_sid in sockets and sid not in skipped]

    def _deliver(self, sid: str, eio_sid: str, packets: list[Packet]) -> None:
        if self._held and sid in self._held:
            self._held[sid] += packets
            return
        client = self.server.eio.sockets.get(eio_sid)
        if client is not None:
            for one in packets:
                client.send(one)

    def _participants(self, namespace: str, room: Any) -> Mapping[str, str]:
        """Those in a room, or in one of several: `{sid: eio_sid}`."""
        rooms = self.rooms.get(namespace)
        if rooms is None:
            return {}
        if isinstance(room, (list, tuple, set)):
            several: dict[str, str] = {}
            for one in room:
                several.update(rooms.get(one, {}))
            return several
        members: bidict[str, str] | Members | None = rooms.get(room)
        return members._fwdm if members else {}


def _several(skip_sid: Any) -> Any:
    return (skip_sid,) if isinstance(skip_sid, str) else skip_sid or ()


def arguments_of(data: Any) -> list[Any]:
    """A tuple is several arguments, None is no argument."""
    if isinstance(data, tuple):
        return list(data)
    return [] if data is None else [data]
