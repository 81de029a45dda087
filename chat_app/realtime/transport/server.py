"""The Socket.IO server (protocol 5): connecting to namespaces, events, acknowledgements, binary data.

https://github.com/socketio/socket.io-protocol. In the place of `socketio.Server`, with its public methods; what is
not here is the library's own.
"""

import json
import logging
import re
from collections import Counter
from typing import Any

import socketio
from engineio import json as library_json
from eventlet.hubs import get_hub
from socketio import packet
from socketio.exceptions import ConnectionRefusedError as Refused

from chat_app.realtime.transport import events
from chat_app.realtime.transport.engine import Engine
from chat_app.realtime.transport.packets import MESSAGE, Data, Packet, PacketError
from chat_app.realtime.transport.rooms import Rooms
from chat_app.realtime.transport.stand_in import StandIn

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 45.0
"""Seconds within which a client joins a namespace, as in the reference implementation."""
RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})
"""Events that only libraries raise; a client that sends one is ended, as in the reference implementation, unless the
class of the namespace `answers_everything`: then it tells them apart by itself, and gets None for an event that is
JSON and yet cannot be read."""
UNUSUAL = RESERVED | {None}
MAX_ATTACHMENTS = 10
"""Of one packet, as in the reference implementation."""
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_from_json = json.JSONDecoder(parse_int=library_json._safe_int).decode
"""As the library's own functions, which build an encoder and a decoder for each packet."""
_HEAD = re.compile(r"([0-6])(?:(\d{1,4})-)?(?:(/[^,]*)(?:,|$))?(\d*)", re.ASCII)


class Server(socketio.Server):
    """Runs every event in a greenlet of a pool; the packets of one client begin in the order in which they came."""

    eio: Engine

    def __init__(self, connect_timeout: float = CONNECT_TIMEOUT, **options: Any) -> None:
        options.setdefault("client_manager", Rooms())
        super().__init__(**options)
        if not self.async_handlers:
            self.eio.max_running = 1
        self._connect_timeout = connect_timeout
        self._awaited: dict[str, Any] = {}
        """Timers, by client, of those that have not joined a namespace yet."""
        self._new: set[str] = set()
        """Clients that have sent no packet yet: the first has to be a CONNECT."""
        self._connecting: Counter[str] = Counter()
        """How many connect handlers run, by client."""
        self._plain = self.packet_class is packet.Packet

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    # -- sending ---------------------------------------------------------------------------------------

    def encode(self, kind: int, data: Any, namespace: str, id: int | None = None) -> list[Packet]:
        """A Socket.IO packet: one of Engine.IO, and one for each attachment."""
        if self._plain and packet.Packet.json is library_json:
            encoded = events.encode(kind, data, namespace, id)
            if encoded is not None:
                return [encoded]
            try:
                text = _to_json(data)
            except TypeError:
                pass  # perhaps there are bytes in it
            else:
                head = str(kind) if namespace == "/" else f"{kind}{namespace},"
                return [Packet(MESSAGE, head + text if id is None else f"{head}{id}{text}")]
        return _parts(self.packet_class(kind, namespace=namespace, data=data, id=id))

    def _send_packet(self, eio_sid: str, pkt: packet.Packet) -> None:
        for part in _parts(pkt):
            self.eio.deliver(eio_sid, part)

    # -- receiving -------------------------------------------------------------------------------------

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        super()._handle_eio_connect(eio_sid, environ)
        if eio_sid not in self.eio.sockets:
            self.eio.sockets[eio_sid] = StandIn(self, eio_sid)  # type: ignore[assignment]
        self._new.add(eio_sid)
        self._await(eio_sid)

    def _await(self, eio_sid: str) -> None:
        self._has_joined(eio_sid)
        if self._connect_timeout:
            timer = get_hub().schedule_call_global(self._connect_timeout, self._has_not_joined, eio_sid)
            self._awaited[eio_sid] = timer

    def _has_not_joined(self, eio_sid: str) -> None:
        if eio_sid in self._connecting:
            self._await(eio_sid)  # it is the handler that takes its time
        else:
            self.eio.disconnect(eio_sid)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._has_joined(eio_sid)
        self._new.discard(eio_sid)
        self._binary_packet.pop(eio_sid, None)
        environ = self.environ.get(eio_sid)
        super()._handle_eio_disconnect(eio_sid, reason)
        if eio_sid in self._connecting:
            self.environ[eio_sid] = environ  # for the disconnect handler, which follows the connect handler

    def _has_joined(self, eio_sid: str) -> None:
        timer = self._awaited.pop(eio_sid, None)
        if timer is not None:
            timer.cancel()

    def _handle_eio_message(self, eio_sid: str, data: Data) -> None:
        """Raises :class:`PacketError` for what is no packet of the protocol: the connection ends."""
        event = self._usual_event(eio_sid, data)
        if event is not None:
            self._handle_event(eio_sid, *event)
            return
        waiting = self._binary_packet.get(eio_sid)
        if waiting is not None:
            if not self._attach(waiting, data):
                return
            del self._binary_packet[eio_sid]
            pkt = waiting
        else:
            pkt = self._decode(data)
            if pkt.attachment_count:
                self._binary_packet[eio_sid] = pkt
                return
        self._dispatch(eio_sid, pkt)

    def _usual_event(self, eio_sid: str, data: Data) -> tuple[str, int | None, list[Any]] | None:
        """None: it takes the general way."""
        if eio_sid in self._new or eio_sid in self._binary_packet or not isinstance(data, str):
            return None
        return events.decode_event(data) if self._plain and packet.Packet.json is library_json else None

    def _attach(self, pkt: packet.Packet, data: Data) -> bool:
        """Whether the packet is complete."""
        if not isinstance(data, bytes):
            raise PacketError("an attachment is missing")
        pkt.attachments.append(data)
        if sum(map(len, pkt.attachments)) > self.eio.max_size:
            raise PacketError(f"the attachments of a packet have at most {self.eio.max_size} bytes")
        if len(pkt.attachments) < pkt.attachment_count:
            return False
        pkt.data = with_attachments(pkt.data, pkt.attachments)
        return True

    def _decode(self, data: Data) -> packet.Packet:
        if not self._plain:
            try:
                return self.packet_class(encoded_packet=data)
            except Exception as error:
                raise PacketError("that is no packet") from error
        if not isinstance(data, str):
            raise PacketError("an attachment without its packet")
        return decode(data, self.packet_class)

    def _dispatch(self, eio_sid: str, pkt: packet.Packet) -> None:
        namespace = pkt.namespace or "/"
        if eio_sid in self._new:
            self._new.remove(eio_sid)
            if pkt.packet_type != packet.CONNECT:
                raise PacketError("a connection begins with CONNECT")
        if pkt.packet_type == packet.CONNECT:
            self._handle_connect(eio_sid, namespace, pkt.data)
        elif pkt.packet_type == packet.DISCONNECT:
            self._handle_disconnect(eio_sid, namespace, self.reason.CLIENT_DISCONNECT)
        elif pkt.packet_type in (packet.EVENT, packet.BINARY_EVENT):
            self._handle_event(eio_sid, namespace, pkt.id, pkt.data)
        elif pkt.packet_type in (packet.ACK, packet.BINARY_ACK):
            self._handle_ack(eio_sid, namespace, pkt.id, pkt.data)
        else:
            raise PacketError("unexpected packet")

    def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        if not self._accepts(namespace):
            self._refuse(eio_sid, namespace, {"message": "Invalid namespace"})
            return
        sid = self.manager.pre_connect(eio_sid, namespace)
        if sid is None:
            self._refuse(eio_sid, namespace, {"message": "Already connected"})
            return
        if self.always_connect:
            self._confirm(eio_sid, namespace, sid)
        self._connecting[eio_sid] += 1
        try:
            refusal = self._ask_application(eio_sid, namespace, sid, data)
            self._finish_connect(eio_sid, namespace, sid, refusal)
        finally:
            self._connecting[eio_sid] -= 1
            if not self._connecting[eio_sid]:
                del self._connecting[eio_sid]
                if eio_sid not in self.eio.sockets:
                    self.environ.pop(eio_sid, None)

    def _finish_connect(self, eio_sid: str, namespace: str, sid: str, refusal: Any) -> None:
        if refusal is None:
            self.manager.settle(sid)
        if not self.manager.is_connected(sid, namespace) and not self.manager.is_pre_connected(sid, namespace):
            return  # it left while the handler ran
        if refusal is None and eio_sid not in self.eio.sockets:
            self.manager.connect(sid, namespace)
            self._handle_disconnect(eio_sid, namespace, self.reason.TRANSPORT_CLOSE)
        elif refusal is None:
            if not self.always_connect:
                self._confirm(eio_sid, namespace, sid)
        else:
            self._turn_away(eio_sid, namespace, sid, refusal)

    def _turn_away(self, eio_sid: str, namespace: str, sid: str, refusal: Any) -> None:
        if self.always_connect:
            self.manager.pre_disconnect(sid, namespace)
            self._send_packet(eio_sid, self.packet_class(packet.DISCONNECT, data=refusal, namespace=namespace))
        else:
            self._refuse(eio_sid, namespace, refusal)
        self.manager.disconnect(sid, namespace, ignore_queue=True)

    def _accepts(self, namespace: str) -> bool:
        return (
            namespace in self.handlers
            or namespace in self.namespace_handlers
            or self.namespaces == "*"
            or namespace in self.namespaces
        )

    def _confirm(self, eio_sid: str, namespace: str, sid: str) -> None:
        self._has_joined(eio_sid)
        for part in self.encode(packet.CONNECT, {"sid": sid}, namespace):
            self.eio.deliver(eio_sid, part)
        if self.always_connect or self.manager.holds(sid):
            self.eio.set_apart(eio_sid)
        self.manager.connect(sid, namespace)

    def _refuse(self, eio_sid: str, namespace: str, error: Any) -> None:
        """An error is an object with a message (Socket.IO protocol 5, CONNECT_ERROR)."""
        told = error if isinstance(error, dict) else {"message": str(error)}
        self._send_packet(eio_sid, self.packet_class(packet.CONNECT_ERROR, told, namespace=namespace))

    def _ask_application(self, eio_sid: str, namespace: str, sid: str, data: Any) -> Any:
        """The connect handler's refusal, or None. What it raises refuses, too: the client must not wait in vain."""
        environ = self.environ[eio_sid]
        try:
            try:
                accepted = self._trigger_event("connect", namespace, sid, environ, data or None)
            except TypeError:
                if data:
                    raise
                accepted = self._trigger_event("connect", namespace, sid, environ)
        except Refused as refusal:
            return refusal.error_args
        except ConnectionRefusedError:
            return {"message": "Connection refused by server"}
        except Exception:
            log.exception("a connect handler failed")
            return {"message": "Internal server error"}
        return Refused().error_args if accepted is False else None

    def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: list[Any]) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if self.logger.isEnabledFor(logging.INFO):
            self.logger.info('received event "%s" from %s [%s]', data[0], sid, namespace)
        if sid is None or not self.manager.is_connected(sid, namespace):
            return
        if data[0] in UNUSUAL and not getattr(self.namespace_handlers.get(namespace), "answers_everything", False):
            raise PacketError("a reserved event, or one that cannot be read")
        answer = self._trigger_event(data[0], namespace, sid, *data[1:])
        if id is None or answer is self.not_handled:
            return
        self.manager.settle(sid)
        values = [] if answer is None else list(answer) if isinstance(answer, tuple) else [answer]
        for part in self.encode(packet.ACK, values, namespace, id):
            self.eio.deliver(eio_sid, part)

    def _trigger_event(self, event: Any, namespace: str, *args: Any) -> Any:
        """As the library's, whose search for a handler is left out where the first place to look has it."""
        handlers = self.handlers.get(namespace)
        if handlers is not None:
            handler = handlers.get(event)
            if handler is not None and event != "disconnect":  # which may want one argument less
                return handler(*args)
        elif "*" not in self.handlers:
            of_namespace = self.namespace_handlers.get(namespace)
            if of_namespace is not None:
                return of_namespace.trigger_event(event, *args)
        return super()._trigger_event(event, namespace, *args)

    def _handle_ack(self, eio_sid: str, namespace: str, id: int, data: list[Any]) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid is not None:
            self.manager.trigger_callback(sid, id, data)


def _parts(pkt: packet.Packet) -> list[Packet]:
    encoded = pkt.encode()
    return [Packet(MESSAGE, part) for part in (encoded if isinstance(encoded, list) else [encoded])]


def decode(text: str, packet_class: type[packet.Packet] = packet.Packet) -> packet.Packet:
    """A packet as a client may send it. Raises :class:`PacketError`."""
    head = _HEAD.match(text)
    if head is None:
        raise PacketError("unknown packet type")
    kind = int(head[1])
    if (head[2] is not None) != (kind in (packet.BINARY_EVENT, packet.BINARY_ACK)):
        raise PacketError("attachments and type do not agree")
    attachments = int(head[2] or 0)
    if head[2] is not None and not 1 <= attachments <= MAX_ATTACHMENTS:
        raise PacketError(f"a packet with attachments has 1 to {MAX_ATTACHMENTS}")
    if len(head[4]) > events.MAX_ACK_ID_DIGITS:
        raise PacketError("that is no acknowledgement id")
    pkt = packet_class(kind, binary=False)
    pkt.packet_type = kind
    pkt.namespace = (head[3] or "/").partition("?")[0]
    pkt.id = int(head[4]) if head[4] else None
    pkt.attachment_count = attachments
    try:
        pkt.data = _data(text[head.end() :], packet_class)
    except (RecursionError, ValueError):  # it nests too deep, or has a number with too many digits
        if kind != packet.EVENT:
            raise PacketError("that is more than can be read") from None
        pkt.data = [None]
        return pkt
    if not _is_valid(pkt) or (pkt.data is None and head.end() < len(text)):  # null is not the same as nothing
        raise PacketError("the packet's data is not what its type carries")
    return pkt


def with_attachments(data: Any, attachments: list[bytes]) -> Any:
    """The data with its placeholders filled. Raises :class:`PacketError` for one that names no attachment."""
    if isinstance(data, list):
        return [with_attachments(item, attachments) for item in data]
    if not isinstance(data, dict):
        return data
    if data.get("_placeholder") is True:
        number = data.get("num")
        if type(number) is not int or not 0 <= number < len(attachments):
            raise PacketError("that placeholder names no attachment")
        return attachments[number]
    return {key: with_attachments(value, attachments) for key, value in data.items()}


def _data(text: str, packet_class: type[packet.Packet]) -> Any:
    if not text:
        return None
    try:
        return _from_json(text) if packet_class.json is library_json else packet_class.json.loads(text)
    except json.JSONDecodeError:
        raise PacketError("that is not JSON") from None


def _is_valid(pkt: packet.Packet) -> bool:
    data = pkt.data
    if pkt.packet_type == packet.CONNECT:
        return data is None or isinstance(data, dict)
    if pkt.packet_type == packet.DISCONNECT:
        return data is None
    if pkt.packet_type in (packet.EVENT, packet.BINARY_EVENT):
        return isinstance(data, list) and bool(data) and isinstance(data[0], str)
    if pkt.packet_type in (packet.ACK, packet.BINARY_ACK):
        return isinstance(data, list) and pkt.id is not None
    return False
