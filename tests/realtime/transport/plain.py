"""A Flask application that uses what Flask-SocketIO offers and knows nothing of chat, once for each set of options.

`python -m tests.realtime.transport.plain TRANSPORT PORT` serves all variants in one process, each below its name;
TRANSPORT is `fast` or `stock`.
"""

import eventlet
import eventlet.wsgi

if __name__ == "__main__":
    eventlet.monkey_patch()

import json
import sys
from typing import Any

import flask
from flask import Flask, copy_current_request_context, request, session
from flask_socketio import (
    ConnectionRefusedError,
    Namespace,
    call,
    close_room,
    disconnect,
    emit,
    join_room,
    leave_room,
    send,
)
from flask_socketio import rooms as rooms_of
from socketio import packet
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from chat_app.realtime.transport import SocketIO


class OneMessage(packet.Packet):
    """Packets that carry everything in one binary message, as those of `serializer="msgpack"`."""

    uses_binary_events = False

    def encode(self) -> bytes:
        return json.dumps(self._to_dict()).encode()

    def decode(self, encoded_packet: bytes) -> None:
        decoded = json.loads(encoded_packet)
        self.packet_type, self.data = decoded["type"], decoded.get("data")
        self.id, self.namespace = decoded.get("id"), decoded["nsp"]


VARIANTS: dict[str, dict[str, Any]] = {
    "logged": {"logger": True, "engineio_logger": True},  # the first says for all how much the libraries log
    "plain": {},
    "one_by_one": {"async_handlers": False},
    "accepts_first": {"always_connect": True},
    "cookie": {"cookie": "io"},
    "own_cookie": {"cookie": {"name": "mine", "path": "/x", "Secure": True, "SameSite": "Strict"}},
    "any_origin": {"cors_allowed_origins": "*"},
    "two_origins": {"cors_allowed_origins": ["https://a.example", "https://b.example"]},
    "asked_origin": {"cors_allowed_origins": lambda origin: origin.endswith(".example")},
    "no_cors": {"cors_allowed_origins": [], "cors_credentials": False},
    "no_upgrades": {"allow_upgrades": False},
    "websocket_only": {"transports": ["websocket"]},
    "polling_only": {"transports": "polling"},
    "any_namespace": {"namespaces": "*"},
    "flask_session": {"manage_session": False},
    "small": {"max_http_buffer_size": 200},
    "grace": {"ping_interval": (1, 2), "ping_timeout": 3},
    "compressed": {"compression_threshold": 100},
    "own_packets": {"serializer": OneMessage},
}


class Room(Namespace):
    """A namespace as a class."""

    def on_connect(self, auth: Any) -> None:
        emit("welcome", auth or {})

    def on_disconnect(self, reason: str) -> None:
        left.append((self.namespace, reason))

    def on_ask(self, value: Any) -> Any:
        self.emit("asked", value, room=request.sid)
        self.send("sent", room=request.sid)
        return "answer", value

    def on_fail(self) -> None:
        raise RuntimeError("in a class")


left: list[tuple[str | None, str]] = []
"""Namespaces and reasons of those who left."""


def create_app(options: dict[str, Any]) -> tuple[Flask, SocketIO]:
    """As a factory does it: the handlers are there before the application."""
    socketio = SocketIO()
    _add_life(socketio)
    _add_events(socketio)
    _add_rooms(socketio)
    _add_calls(socketio)
    _add_errors(socketio)
    socketio.on_namespace(Room("/class"))
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "for tests"
    app.session_interface = ServerSessions()
    socketio.init_app(app, **options)
    _add_routes(app, socketio)
    return app, socketio


class ServerSessions(flask.sessions.SessionInterface):
    """Sessions kept by the server, as Flask-Session does it; the cookie `s` names one."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}

    def open_session(self, app: Flask, request: flask.Request) -> Any:
        class Session(dict[str, Any], flask.sessions.SessionMixin):
            pass

        return Session(self.stored.get(request.cookies.get("s", ""), {}))

    def save_session(self, app: Flask, session: Any, response: flask.Response) -> None:
        name = request.cookies.get("s", "")
        if name:
            self.stored[name] = dict(session)


def _add_routes(app: Flask, socketio: SocketIO) -> None:
    @app.get("/session")
    def read_session() -> Any:
        return dict(session)

    @app.get("/announce")
    def announce() -> str:
        socketio.emit("announced", {"by": "a route"})
        return "told"

    @app.get("/left")
    def who_left() -> Any:
        return list(left)


def _add_life(socketio: SocketIO) -> None:
    @socketio.on("connect")
    def connect(auth: Any = None) -> Any:
        if auth and auth.get("refuse"):
            raise ConnectionRefusedError("not you", {"code": auth["refuse"]})
        emit("hello", {"args": dict(request.args), "auth": auth})

    @socketio.on("disconnect")
    def gone(reason: str) -> None:
        left.append(("/", reason))

    @socketio.on("connect", namespace="/old")
    def connect_without_auth() -> None:
        emit("hello", "old")

    @socketio.on("disconnect", namespace="/old")
    def gone_without_reason() -> None:
        left.append(("/old", ""))

    @socketio.event
    def leave() -> None:
        disconnect()

    @socketio.event
    def put_out(sid: str) -> None:
        disconnect(sid)


def _add_events(socketio: SocketIO) -> None:
    @socketio.on("message")
    def message(data: Any) -> None:
        send(data)

    @socketio.on("json")
    def json_message(data: Any) -> None:
        send(data, json=True)

    @socketio.event(namespace="/named")
    def by_its_name(*values: Any) -> Any:
        return request.namespace, request.event["message"], *values

    socketio.on_event("registered", lambda value: value, namespace="/named")

    @socketio.on("*", namespace="/all")
    def catch_all(event: str, *values: Any) -> Any:
        return event, values

    @socketio.event
    def echo(*values: Any) -> Any:
        return values

    @socketio.event
    def remember(value: Any) -> Any:
        before, session["value"] = session.get("value"), value
        return before

    @socketio.event
    def slow(number: int) -> None:
        emit("begun", number)
        socketio.sleep(0.05)
        emit("done", number)

    @socketio.event
    def later(value: Any) -> None:
        @copy_current_request_context
        def work(value: Any) -> None:
            emit("worked", value)

        socketio.start_background_task(work, value)


def _add_rooms(socketio: SocketIO) -> None:
    @socketio.event
    def join(room: str) -> Any:
        join_room(room)
        return sorted(set(rooms_of()) - {request.sid})

    @socketio.event
    def quit(room: str) -> Any:
        leave_room(room)
        return sorted(set(rooms_of()) - {request.sid})

    @socketio.event
    def close(room: str) -> None:
        close_room(room)

    @socketio.event
    def tell(options: dict[str, Any]) -> None:
        emit("told", options.pop("value", None), **options)

    @socketio.event
    def tell_outside(options: dict[str, Any]) -> None:
        socketio.emit("told", options.pop("value", None), **options)

    @socketio.event
    def several() -> None:
        emit("several", (1, "two", b"three"))
        emit("nested", {"list": [b"a", {"b": b"b"}], "none": None})
        emit("nothing")

    @socketio.event
    def me() -> str:
        sid: str = request.sid
        return sid


def _add_calls(socketio: SocketIO) -> None:
    @socketio.event
    def ask_back(value: Any) -> None:
        emit("question", value, callback=lambda *answer: emit("heard", (request.sid, *answer)))

    @socketio.event
    def ask_and_wait(value: Any) -> Any:
        return call("question", value, timeout=5)

    @socketio.event
    def ask_in_vain() -> str:
        try:
            call("question", timeout=0.1)
        except Exception as error:
            return type(error).__name__
        return "answered"


def _add_errors(socketio: SocketIO) -> None:
    @socketio.event
    def fail() -> None:
        raise RuntimeError("at home")

    @socketio.on("fail", namespace="/named")
    def fail_elsewhere() -> None:
        raise RuntimeError("elsewhere")

    @socketio.on_error()
    def at_home(error: Exception) -> Any:
        emit("error", f"home: {error}, in {request.event['message']}")
        return "handled"

    @socketio.on_error_default
    def anywhere(error: Exception) -> None:
        if isinstance(error, TypeError):
            raise error  # so that who takes no reason for a disconnect is called without
        emit("error", f"anywhere: {error}")


def _serve(transport: str, port: int) -> None:
    common = {"async_mode": "eventlet", "transport": transport}
    applications = {f"/{name}": create_app({**common, **options})[0] for name, options in VARIANTS.items()}
    eventlet.wsgi.server(eventlet.listen(("127.0.0.1", port)), DispatcherMiddleware(NotFound(), applications))


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
