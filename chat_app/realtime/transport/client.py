"""One Engine.IO client: a session that begins by polling or as a websocket, and may go from the first to the second."""

import logging
from typing import TYPE_CHECKING, Any

from eventlet import Timeout
from eventlet.event import Event
from eventlet.hubs import get_hub

from chat_app.realtime.transport.departure import closing_noticed
from chat_app.realtime.transport.frames import POLICY, PROTOCOL_ERROR
from chat_app.realtime.transport.packets import (
    CLOSE,
    CLOSE_PACKET,
    MESSAGE,
    NOOP_PACKET,
    PING,
    PING_PACKET,
    PONG,
    UPGRADE,
    Data,
    Packet,
    PacketError,
    decode_packet,
)
from chat_app.realtime.transport.websocket import MAX_UNSENT, Websocket

if TYPE_CHECKING:
    from chat_app.realtime.transport.engine import Engine

log = logging.getLogger(__name__)

MAX_RUNNING = 128
"""Events of one client that may be at work at once; beyond that its next ones wait: nothing more is read of it. With
`async_handlers=False` it is one."""
UPGRADE_TIMEOUT = 10.0
"""Seconds that a websocket may take to take over from polling."""
PROBED_POLL = 0.1
"""Seconds that a poll waits once the probe is answered: a client should poll no more, and not in a loop."""
PROBE = "probe"


class Client:
    """What `engineio.Server` calls a socket; its names are those that the library's users know."""

    __slots__ = (
        "_free",
        "_is_probed",
        "_overdue",
        "_poll",
        "_running",
        "_unpolled",
        "_waiting",
        "closed",
        "connected",
        "posting",
        "server",
        "session",
        "sid",
        "upgrading",
        "websocket",
    )

    def __init__(self, engine: "Engine", sid: str) -> None:
        self.server = engine
        self.sid = sid
        self.session: dict[str, Any] = {}
        self.connected = False
        self.upgrading = False
        self._is_probed = False
        self.posting = False
        """Whether a request with packets is at work."""
        self.closed = False
        self.websocket: Websocket | None = None
        self._waiting: list[Packet] = []
        self._unpolled = 0
        self._poll: Event | None = None
        self._running = 0
        self._free: Event | None = None
        """For requests that wait until fewer events are at work."""
        self._overdue: Any = None

    @property
    def upgraded(self) -> bool:
        return self.websocket is not None

    @property
    def closing(self) -> bool:
        return self.closed

    # -- sending ---------------------------------------------------------------------------------------

    def send(self, packet: Packet) -> None:
        """Never waits. A client that takes too little is cut off."""
        if self.closed:
            return
        if self.websocket is not None:
            self.websocket.send(packet.frame)
            return
        if self._unpolled > MAX_UNSENT:
            log.info("a client is cut off: it does not fetch what it is sent")
            self.end(self.server.reason.TRANSPORT_ERROR)
            return
        self._unpolled += packet.size
        self._waiting.append(packet)
        self._wake_poll()

    def _wake_poll(self) -> None:
        if self._poll is not None and not self._poll.ready():
            self._poll.send()

    # -- polling ---------------------------------------------------------------------------------------

    def poll(self, connection: Any = None) -> list[Packet]:
        """Wait for packets; the session ends when the client closes this request's `connection` meanwhile.

        Raises :class:`PacketError` for a second poll at a time, which ends the session, and for one that the upgrade
        to a websocket has overtaken.
        """
        if self._poll is not None:
            self._refuse("one poll at a time")
            raise PacketError("one poll at a time")
        if not self._waiting and not self.closed:
            self._await_packet(connection)
        if self.websocket is not None:
            raise PacketError("the session is a websocket now")
        if not self._waiting:
            return [NOOP_PACKET]
        packets, self._waiting, self._unpolled = self._waiting, [], 0
        return packets

    def _await_packet(self, connection: Any) -> None:
        seconds = PROBED_POLL if self._is_probed else self.server.ping_interval + self.server.ping_timeout
        self._poll = Event()
        try:
            with closing_noticed(connection, self._abandoned), Timeout(seconds, False):
                self._poll.wait()
        finally:
            self._poll = None

    def _abandoned(self) -> None:
        self.end(self.server.reason.TRANSPORT_ERROR)

    def post(self, packets: list[tuple[str, Data]]) -> None:
        """Returns when all of them are about to begin; until then the client waits for its answer."""
        for kind, data in packets:
            while self._running >= self.server.max_running:
                self._free = self._free or Event()
                self._free.wait()
            if self.closed:
                return
            self._receive(kind, data)

    # -- receiving -------------------------------------------------------------------------------------

    def _begin(self, data: Data) -> None:
        self._running += 1
        self.server.pool.run(self._handle, data)
        if self._running >= self.server.max_running and self.websocket is not None:
            self.websocket.pause_reading()

    def _receive(self, kind: str, data: Data) -> None:
        """Raises :class:`PacketError` for what a client may not send."""
        if kind == MESSAGE:
            self._begin(data)
        elif kind == PONG:
            self.server.heart.answered(self)
        elif kind == CLOSE:
            self.end_in_turn(self.server.reason.CLIENT_DISCONNECT)
        else:
            raise PacketError("unexpected packet")

    def _handle(self, data: Data) -> None:
        try:
            if not self.closed:
                self.server.handle_message(self, data)
        finally:
            self._running -= 1
            if self._running == self.server.max_running - 1:
                self._go_on()

    def _go_on(self) -> None:
        if self.websocket is not None:
            self.websocket.resume_reading()
        if self._free is not None:
            self._free.send()
            self._free = None

    # -- websocket -------------------------------------------------------------------------------------

    def open(self, websocket: Websocket) -> None:
        """The session begins as a websocket."""
        websocket.on_message = self._message
        websocket.on_end = self._gone
        self.websocket = websocket

    def _message(self, data: Data) -> None:
        if data[:1] == MESSAGE:  # the usual case
            self._begin(data[1:])
            return
        try:
            self._receive(*decode_packet(data))
        except PacketError as error:
            self.refuse_in_turn(str(error))

    def refuse_in_turn(self, reason: str) -> None:
        """After what was received before has begun."""
        self.server.pool.run(self._refuse, reason)

    def _refuse(self, reason: str) -> None:
        """What the client sent breaks the protocol."""
        if self.websocket is not None:
            self.websocket.close(PROTOCOL_ERROR, reason)
        self.end(self.server.reason.TRANSPORT_ERROR)

    def _gone(self) -> None:
        self.end_in_turn(self.server.reason.TRANSPORT_CLOSE)

    def probe(self, websocket: Websocket) -> None:
        """A websocket offers to take over, which it does once it was probed and says so; until then polling goes on."""
        self.upgrading = True
        websocket.on_message = lambda data: self._probed(websocket, data)
        websocket.on_end = self._upgrade_failed
        self._overdue = get_hub().schedule_call_global(
            UPGRADE_TIMEOUT, websocket.close, POLICY, "the upgrade took too long"
        )

    def _probed(self, websocket: Websocket, data: Data) -> None:
        if data == PING + PROBE:
            websocket.on_message = lambda data: self._upgraded(websocket, data)
            self._is_probed = True
            websocket.send(Packet(PONG, PROBE).frame)
            self._wake_poll()
        else:
            websocket.close(PROTOCOL_ERROR, "an upgrade begins with a probe")

    def _upgraded(self, websocket: Websocket, data: Data) -> None:
        if data == UPGRADE and not self.closed:
            self._overdue.cancel()
            self.upgrading = self._is_probed = False
            waiting, self._waiting, self._unpolled = self._waiting, [], 0
            self.open(websocket)
            self._wake_poll()
            for packet in waiting:
                self.send(packet)
        else:
            websocket.close(PROTOCOL_ERROR, "after the probe comes the upgrade")

    def _upgrade_failed(self) -> None:
        self._overdue.cancel()
        self.upgrading = self._is_probed = False

    # -- life ------------------------------------------------------------------------------------------

    def ping(self) -> None:
        self.send(PING_PACKET)

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session from this side; what was sent before still leaves."""
        self.end(reason or self.server.reason.SERVER_DISCONNECT)

    def end_in_turn(self, reason: str) -> None:
        """After what was received before has begun."""
        if not self.closed:
            self.server.pool.run(self.end, reason)

    def end(self, reason: str) -> None:
        if self.closed:
            return
        self.closed = True
        self.server.forget(self)
        if self.websocket is not None:
            self.websocket.close()
        elif reason != self.server.reason.CLIENT_DISCONNECT:
            self._waiting.append(CLOSE_PACKET)
        self._wake_poll()
        # Not at once, as the pool has it: this may be in the middle of an emit, which must not find its room changed.
        self.server.pool.run(self.server.handle_end, self.sid, reason)
