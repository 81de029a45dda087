"""The same few lines of Flask for whichever `SocketIO`: ours and the library's own differ in nothing else."""

import sys
from typing import Any

import eventlet
import eventlet.wsgi
from flask import Flask
from flask_socketio import SocketIO, emit, join_room

MOST_CONNECTIONS = 20_000  # eventlet's own default is 1024; those above it hang


def serve(extension: type[SocketIO]) -> None:
    """`python -m benchmarks.peers.NAME PORT [REDIS_URL]`"""
    port, *redis = sys.argv[1:]
    app = create_app(extension, *redis)
    listener = eventlet.listen(("127.0.0.1", int(port)), backlog=4096)
    eventlet.wsgi.server(listener, app, log_output=False, max_size=MOST_CONNECTIONS)


def create_app(extension: type[SocketIO], redis_url: str | None = None) -> Flask:
    app = Flask(__name__)
    socketio = extension(app, async_mode="eventlet", message_queue=redis_url)

    @socketio.on("connect")
    def connect(auth: dict[str, str]) -> None:
        join_room(auth["room"])

    @socketio.on("say")
    def say(room: str, message: Any) -> None:
        emit("say", message, to=room)

    @socketio.on("echo")
    def echo(message: Any) -> Any:
        return message

    return app
