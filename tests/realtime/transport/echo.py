"""A small Flask application that knows nothing of chat, on the transport under test.

`python -m tests.realtime.transport.echo PORT KIND QUEUE`: KIND is `engine` (every message comes back) or `socket` (the
events that the tests of the Socket.IO protocol use), QUEUE the address of a Redis or empty.
"""

import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()  # as a message queue under eventlet needs it

import sys
from typing import Any

from flask import Flask, copy_current_request_context, current_app, request, session, url_for
from flask_socketio import emit, join_room, leave_room

from chat_app.realtime.transport import SocketIO

PING_INTERVAL, PING_TIMEOUT = 0.3, 0.2
MAX_SIZE = 100_000
CONNECT_TIMEOUT = 1.0


def create_app(kind: str, queue: str) -> tuple[Flask, SocketIO]:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "for tests"
    socketio = SocketIO(
        app,
        message_queue=queue or None,
        async_mode="eventlet",
        path="engine.io" if kind == "engine" else "socket.io",
        ping_interval=PING_INTERVAL if kind == "engine" else 25,
        ping_timeout=PING_TIMEOUT if kind == "engine" else 20,
        max_http_buffer_size=MAX_SIZE,
        connect_timeout=CONNECT_TIMEOUT,
    )
    if kind == "engine":
        engine = socketio.server.eio
        for event in ("connect", "disconnect"):
            engine.on(event, lambda *args: None)
        engine.on("message", engine.send)
        app.add_url_rule("/sessions/<sid>", view_func=lambda sid: _state(engine.sockets.get(sid)), endpoint="sessions")
    else:
        for namespace in ("/", "/custom", "/counted"):
            _add_life(socketio, namespace)
            _add_work(socketio, namespace)
            _add_events(socketio, namespace)
            _add_rooms(socketio, namespace)
            _add_tasks(socketio, namespace)
    return app, socketio


def _state(client: Any) -> str:
    if client is None:
        return "ended"
    return " ".join(word for word, holds in (("polled", client._poll), ("posting", client.posting)) if holds)


def _add_life(socketio: SocketIO, namespace: str) -> None:
    here: list[str] = []

    @socketio.on("connect", namespace=namespace)
    def connect(auth: Any) -> bool:
        emit("auth", auth or {})
        if auth and auth.get("refuse"):
            return False
        session["seen"] = 0
        here.append(request.sid)
        socketio.sleep((auth or {}).get("sleep", 0))
        return True

    @socketio.on("disconnect", namespace=namespace)
    def disconnect() -> None:
        here.remove(request.sid)

    @socketio.on("count", namespace=namespace)
    def count() -> int:
        return len(here)


def _add_work(socketio: SocketIO, namespace: str) -> None:
    at_work, most = [], [0]

    @socketio.on("work", namespace=namespace)
    def work() -> None:
        at_work.append(1)
        most.append(max(most.pop(), len(at_work)))
        socketio.sleep(0.2)  # longer than it takes to begin as many as there may be
        at_work.pop()

    @socketio.on("most", namespace=namespace)
    def most_at_work() -> int:
        return most[0]


def _add_events(socketio: SocketIO, namespace: str) -> None:
    @socketio.on("message", namespace=namespace)
    def message(*values: Any) -> None:
        emit("message-back", values)

    @socketio.on("message-with-ack", namespace=namespace)
    def message_with_ack(*values: Any) -> Any:
        return values

    @socketio.on("who", namespace=namespace)
    def who() -> Any:
        session["seen"] += 1
        return request.sid, request.namespace, request.event["message"], session["seen"]

    @socketio.on("ask", namespace=namespace)
    def ask(value: Any) -> Any:
        return socketio.call("question", value, to=request.sid, namespace=namespace, timeout=5)

    @socketio.on("fail", namespace=namespace)
    def fail() -> None:
        raise RuntimeError("a handler that fails")

    @socketio.on("everybody", namespace=namespace)
    def everybody(value: Any) -> None:
        emit("everybody", value, broadcast=True)

    @socketio.on("ask_other", namespace=namespace)
    def ask_other(sid: str) -> Any:
        return socketio.call("question", to=sid, namespace=namespace, timeout=5)

    @socketio.on("large", namespace=namespace)
    def large(size: int) -> str:
        return "x" * size

    @socketio.on("sleep", namespace=namespace)
    def sleep(seconds: float) -> float:
        socketio.sleep(seconds)
        return seconds


def _add_rooms(socketio: SocketIO, namespace: str) -> None:
    @socketio.on("join", namespace=namespace)
    def join(room: str) -> str:
        join_room(room)
        return room

    @socketio.on("leave", namespace=namespace)
    def leave(room: str) -> str:
        leave_room(room)
        return room

    @socketio.on("room", namespace=namespace)
    def to_room(room: str, value: Any) -> None:
        emit("room", value, to=room)


def _add_tasks(socketio: SocketIO, namespace: str) -> None:
    @socketio.on("where", namespace=namespace)
    def where() -> Any:
        return request.path, request.args["EIO"], request.endpoint, url_for("static", filename="x"), current_app.name

    @socketio.on("later", namespace=namespace)
    def later() -> None:
        @copy_current_request_context
        def answer() -> None:
            session["seen"] += 1
            emit("later-back", (request.event["message"], session["seen"], current_app.name))

        socketio.start_background_task(answer)


if __name__ == "__main__":
    application, extension = create_app(sys.argv[2], sys.argv[3])
    extension.run(application, port=int(sys.argv[1]))
