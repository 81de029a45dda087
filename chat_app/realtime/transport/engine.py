"""The Engine.IO server (protocol 4): handshake, polling, websockets, and the upgrade from one to the other.

https://github.com/socketio/engine.io-protocol. In the place of `engineio.Server`, with its public methods.
"""

import json
import logging
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import engineio
from eventlet import wsgi

from chat_app.realtime.transport.client import MAX_RUNNING, Client
from chat_app.realtime.transport.cork import Cork
from chat_app.realtime.transport.frames import POLICY, accept_key
from chat_app.realtime.transport.heart import Heart
from chat_app.realtime.transport.packets import (
    MESSAGE,
    OPEN,
    Data,
    Packet,
    PacketError,
    decode_payload,
    encode_payload,
)
from chat_app.realtime.transport.pool import GreenletPool
from chat_app.realtime.transport.websocket import Websocket

log = logging.getLogger(__name__)

MAX_PACKETS = 1024
"""Packets of one polling request."""
TEXT_TYPE = "text/plain; charset=UTF-8"
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Headers = Sequence[tuple[str, str]]


class BadRequest(Exception):
    """Refused with the code that the reference implementation gives."""

    CODES = (
        (0, "Transport unknown"),
        (1, "Session ID unknown"),
        (2, "Bad handshake method"),
        (3, "Bad request"),
        (4, "Forbidden"),
        (5, "Unsupported protocol version"),
    )
    UNKNOWN_TRANSPORT, UNKNOWN_SESSION, BAD_METHOD, BAD_REQUEST, FORBIDDEN, BAD_VERSION = CODES

    def __init__(self, reason: tuple[int, str], status: str = "400 Bad Request", headers: Headers = ()) -> None:
        super().__init__(reason[1])
        self.reason = reason
        self.status = status
        self.headers = headers

    @property
    def body(self) -> str:
        return json.dumps({"code": self.reason[0], "message": self.reason[1]})


class Engine(engineio.Server):
    """Its clients live on eventlet's hub; see :class:`Client` and :class:`Websocket`."""

    def __init__(self, **options: Any) -> None:
        options["monitor_clients"] = False  # the heart does
        super().__init__(**options)
        if self.async_mode != "eventlet":
            raise RuntimeError("this transport runs on eventlet; use async_mode='eventlet' or the stock one")
        self.sockets: dict[str, Client] = {}
        self.cork = Cork()
        self.pool = GreenletPool(self.cork)
        self.heart = Heart(self.ping_interval + self.ping_interval_grace_period, self.ping_timeout)
        self.max_size = int(self.max_http_buffer_size)
        self._interval = round((self.ping_interval + self.ping_interval_grace_period) * 1000)
        self._patience = round(self.ping_timeout * 1000)
        self.max_running = MAX_RUNNING

    # -- what the application calls --------------------------------------------------------------------

    def send(self, sid: str, data: Any) -> None:
        """A message to one client; text, bytes, or anything that JSON can say."""
        if not isinstance(data, (str, bytes)):
            data = bytes(data) if isinstance(data, (bytearray, memoryview)) else json.dumps(data, separators=(",", ":"))
        self.deliver(sid, Packet(MESSAGE, data))

    def deliver(self, sid: str, packet: Packet) -> None:
        client = self.sockets.get(sid)
        if client is not None:
            client.send(packet)

    def send_packet(self, sid: str, pkt: Any) -> None:
        """A packet of the `engineio` library, as its own managers make it; one for a whole room is framed once."""
        packet = getattr(pkt, "ready", None)
        if packet is None:
            data = pkt.data if isinstance(pkt.data, (str, bytes)) else bytes(pkt.data or b"")
            packet = pkt.ready = Packet(str(pkt.packet_type), data)
        self.deliver(sid, packet)

    def set_apart(self, sid: str) -> None:
        """What this client is sent from now on does not arrive in one piece with what it was sent before.

        Clients that await one message at a time, as the protocol's own conformance suite does, lose the second of two
        that arrive together.
        """
        client = self.sockets.get(sid)
        if client is not None and client.websocket is not None:
            client.websocket.set_apart()

    def transport(self, sid: str) -> str:
        return "websocket" if self._get_socket(sid).upgraded else "polling"

    def disconnect(self, sid: str | None = None) -> None:
        for client in [self.sockets.get(sid)] if sid is not None else list(self.sockets.values()):
            if client is not None:
                client.close()

    def generate_id(self) -> str:
        """20 characters, 120 random bits."""
        return urlsafe_b64encode(os.urandom(15)).decode()

    # -- what clients call -----------------------------------------------------------------------------

    def forget(self, client: Client) -> None:
        self.sockets.pop(client.sid, None)
        self.heart.remove(client)

    def handle_message(self, client: Client, data: Data) -> None:
        """In a greenlet of its own. What the handler raises is the fault of the client's packet."""
        handler = self.handlers.get("message")
        if handler is None:
            return
        try:
            handler(client.sid, data)
        except PacketError as error:
            client._refuse(str(error))

    def handle_end(self, sid: str, reason: str) -> None:
        self._trigger_event("disconnect", sid, reason)

    # -- HTTP ------------------------------------------------------------------------------------------

    def handle_request(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        try:
            self._check_origin(environ)
            return self._route(environ, start_response)
        except BadRequest as refusal:
            log.info("refused: %s", refusal.reason[1])
            return self._answer(
                environ, start_response, refusal.body, refusal.status, "application/json", refusal.headers
            )

    def _check_origin(self, environ: Environ) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if not origin or self.cors_allowed_origins == []:
            return
        allowed = self._cors_allowed_origins(environ)
        if allowed is not None and origin not in allowed:
            raise BadRequest(BadRequest.FORBIDDEN)

    def _route(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return self._answer(environ, start_response, "")
        query = _parsed(environ.get("QUERY_STRING", ""))
        transport = query.get("transport", [""])[0]
        if transport not in self.transports:
            raise BadRequest(BadRequest.UNKNOWN_TRANSPORT)
        if query.get("EIO") != ["4"]:
            raise BadRequest(BadRequest.BAD_VERSION)
        as_websocket = transport == "websocket"
        if (environ.get("HTTP_UPGRADE", "").lower() == "websocket") != as_websocket:
            raise BadRequest(BadRequest.BAD_REQUEST)
        if "sid" not in query:
            if method != "GET":
                raise BadRequest(BadRequest.BAD_METHOD)
            return self._open(environ, start_response, as_websocket)
        client = self._client(query["sid"][0])
        if as_websocket:
            return self._upgrade(environ, client)
        return self._serve_request(environ, start_response, client)

    def _serve_request(self, environ: Environ, start_response: StartResponse, client: Client) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if client.upgraded:
            raise BadRequest(BadRequest.BAD_REQUEST)
        if method == "GET":
            return self._poll(environ, start_response, client)
        if method == "POST":
            return self._post(environ, start_response, client)
        raise BadRequest(BadRequest.BAD_REQUEST)

    def _client(self, sid: str) -> Client:
        self.heart.catch_up()
        client = self.sockets.get(sid)
        if client is None or not client.connected:
            raise BadRequest(BadRequest.UNKNOWN_SESSION)
        return client

    def _upgrade(self, environ: Environ, client: Client) -> Iterable[bytes]:
        if not self.allow_upgrades:
            raise BadRequest(BadRequest.BAD_REQUEST)
        accept = _websocket_key(environ)
        if client.upgrading or client.upgraded:
            return self._serve_websocket(environ, accept, _close_second)
        return self._serve_websocket(environ, accept, client.probe)

    def _open(self, environ: Environ, start_response: StartResponse, as_websocket: bool) -> Iterable[bytes]:
        """A new session."""
        accept = _websocket_key(environ) if as_websocket else ""
        client = Client(self, self.generate_id())
        self.sockets[client.sid] = client
        answer = self._trigger_event("connect", client.sid, environ)
        if answer is not None and answer is not True:
            self.forget(client)
            body = json.dumps(answer or "Unauthorized")
            return self._answer(environ, start_response, body, "401 Unauthorized", "application/json")
        client.connected = True
        opening = Packet(OPEN, self._opening(client, as_websocket))
        self.heart.add(client)
        if as_websocket:

            def begin(websocket: Websocket) -> None:
                client.open(websocket)
                client.send(opening)

            return self._serve_websocket(environ, accept, begin)
        return self._answer(environ, start_response, opening.text, headers=self._cookie(client))

    def _opening(self, client: Client, as_websocket: bool) -> str:
        offers = self.allow_upgrades and not as_websocket and "websocket" in self.transports
        upgrades = '["websocket"]' if offers else "[]"
        return (
            f'{{"sid":"{client.sid}","upgrades":{upgrades},"pingInterval":{self._interval},'
            f'"pingTimeout":{self._patience},"maxPayload":{self.max_size}}}'
        )

    def _cookie(self, client: Client) -> Headers:
        if not self.cookie:
            return []
        attributes = (
            self.cookie if isinstance(self.cookie, dict) else {"name": self.cookie, "path": "/", "SameSite": "Lax"}
        )
        return [("Set-Cookie", self._generate_sid_cookie(client.sid, attributes))]

    def _poll(self, environ: Environ, start_response: StartResponse, client: Client) -> Iterable[bytes]:
        try:
            packets = client.poll(_socket_of(environ))
        except PacketError as error:
            raise BadRequest((3, str(error))) from error
        return self._answer(environ, start_response, encode_payload(packets))

    def _post(self, environ: Environ, start_response: StartResponse, client: Client) -> Iterable[bytes]:
        if client.posting:
            client._refuse("one request with packets at a time")
            raise BadRequest((3, "one request with packets at a time"))
        client.posting = True
        try:
            client.post(decode_payload(self._body(environ, client), MAX_PACKETS))
        except PacketError as error:
            client.refuse_in_turn(str(error))
            raise BadRequest((3, str(error))) from error
        finally:
            client.posting = False
        return self._answer(environ, start_response, "ok", content_type="text/html")

    def _body(self, environ: Environ, client: Client) -> str:
        """The text of a request, whose length is told before or which comes in chunks."""
        size = _told_length(environ)
        body = b"" if size and size > self.max_size else _read(environ, self.max_size + 1 if size is None else size)
        if max(len(body), size or 0) > self.max_size:
            client._refuse("too much")
            raise BadRequest((3, f"a request has at most {self.max_size} bytes"), "413 Content Too Large")
        if size is not None and len(body) < size:
            raise PacketError("the body is cut off")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise PacketError("text is UTF-8") from None

    def _answer(
        self,
        environ: Environ,
        start_response: StartResponse,
        body: str,
        status: str = "200 OK",
        content_type: str = TEXT_TYPE,
        headers: Headers = (),
    ) -> Iterable[bytes]:
        data = body.encode()
        headers = [("Content-Type", content_type), *headers, *self._cors_headers(environ)]
        if self.http_compression and len(data) >= self.compression_threshold:
            data, encoding = self._compressed(environ, data)
            headers = [*headers, *encoding]
        start_response(status, [*headers, ("Content-Length", str(len(data)))])
        return [data]

    def _compressed(self, environ: Environ, data: bytes) -> tuple[bytes, Headers]:
        for part in environ.get("HTTP_ACCEPT_ENCODING", "").split(","):
            encoding = part.split(";")[0].strip()
            if encoding in self.compression_methods:
                return getattr(self, f"_{encoding}")(data), [("Content-Encoding", encoding)]
        return data, []

    def _serve_websocket(self, environ: Environ, accept: str, begin: Callable[[Websocket], None]) -> Iterable[bytes]:
        """Answers the handshake on the socket itself; returns when the websocket has ended, or lives on without us."""
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        detach = environ.get("chatsphere.detach")
        if detach is not None:  # a gunicorn worker that lets go of the connection
            connection, release = detach(environ)
            try:
                self._greeted(connection, answer, begin).serve(release)
            except BaseException:
                release()
                raise
        else:
            connection = _socket_of(environ)
            if "eventlet.set_idle" in environ:
                environ["eventlet.set_idle"]()
            if isinstance(environ.get("eventlet.input"), wsgi.Input):  # of eventlet's own server
                environ["eventlet.input"].rfile.close()  # only its buffer of 8 KiB: the socket stays open
            self._greeted(connection, answer, begin).serve_and_wait()
        wsgi.WSGI_LOCAL.already_handled = True
        return []

    def _greeted(self, connection: Any, answer: str, begin: Callable[[Websocket], None]) -> Websocket:
        websocket = Websocket(connection, self.cork, self.max_size)
        websocket.greet(answer.encode())
        begin(websocket)
        return websocket


@lru_cache(maxsize=64)
def _parsed(query: str) -> dict[str, list[str]]:
    """Websockets that begin all ask the same. Not to be changed."""
    return parse_qs(query, keep_blank_values=True)


def _websocket_key(environ: Environ) -> str:
    """The answer to the handshake's key. Raises :class:`BadRequest` (RFC 6455, section 4.2.1)."""
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise BadRequest(BadRequest.BAD_REQUEST, "426 Upgrade Required", [("Sec-WebSocket-Version", "13")])
    connection = [part.strip().lower() for part in environ.get("HTTP_CONNECTION", "").split(",")]
    accept = accept_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    if "upgrade" not in connection or accept is None:
        raise BadRequest(BadRequest.BAD_REQUEST)
    return accept


def _told_length(environ: Environ) -> int | None:
    """Of a request's body, or None when it comes in chunks. Raises :class:`PacketError`."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError:
        raise PacketError("the length is no number") from None


def _read(environ: Environ, size: int) -> bytes:
    try:
        body: bytes = environ["wsgi.input"].read(size)
    except (OSError, ValueError):  # as gunicorn and eventlet say it
        raise PacketError("the body cannot be read") from None
    return body


def _socket_of(environ: Environ) -> Any:
    """The connection's socket, from eventlet's own server or from a gunicorn worker; None from another."""
    if "eventlet.input" in environ:
        return environ["eventlet.input"].get_socket()
    return environ.get("gunicorn.socket")


def _close_second(websocket: Websocket) -> None:
    """Engine.IO 4, WebSocket: a session has one, and the server closes any other that is opened."""
    websocket.close(POLICY, "a session has one websocket")
