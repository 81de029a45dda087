"""The same few lines of Flask for whichever `SocketIO`: ours and the library's own differ in nothing else."""

from typing import Any

from flask import Flask
from flask_socketio import SocketIO, emit, join_room


def create_app(extension: type[SocketIO], redis_url: str | None) -> Flask:
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
