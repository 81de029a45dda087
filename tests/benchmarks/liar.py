"""A server that does not do what it is asked: `python -m tests.benchmarks.liar PORT LIE`."""

import sys
from typing import Any

import eventlet

eventlet.monkey_patch()

from flask_socketio import SocketIO, emit  # noqa: E402

from benchmarks.peers.application import serve  # noqa: E402

LIE = sys.argv.pop(2)


class Liar(SocketIO):
    def on(self, message: str, namespace: str | None = None) -> Any:
        return super().on(message, namespace) if message == "connect" else lambda handler: self.lie(message)

    def lie(self, message: str) -> None:
        @super().on(message)
        def handler(*arguments: Any) -> Any:
            *room, said = arguments
            if LIE in ("changed", "another acknowledgement"):
                said["body"] = said["body"].replace("soup", "cake")
            if message == "echo":
                return said
            if LIE != "silent":
                emit("say", said, to=room[0], skip_sid=None)
            if LIE == "twice":
                emit("say", said, to=room[0])


serve(Liar)
