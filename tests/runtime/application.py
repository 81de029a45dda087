"""A small application to try the worker with: gunicorn loads it as `tests.runtime.application:app`."""

from chat_app.runtime import async_mode, patch, run_blocking

patch()

import time  # noqa: E402
from pathlib import Path  # noqa: E402

import bcrypt  # noqa: E402
from flask import Flask, request, send_file  # noqa: E402
from flask_socketio import Namespace, SocketIO  # noqa: E402

app = Flask(__name__)
socketio = SocketIO(app, async_mode=async_mode(), always_connect=True)


@app.get("/health/live")
def live():
    return {"mode": async_mode()}


@app.get("/slow/<float:seconds>")
def slow(seconds):
    print("slow request began", flush=True)
    time.sleep(seconds)
    return "done"


@app.get("/hash")
def hashing():
    """Some half a second of CPU in one call that never yields."""
    run_blocking(bcrypt.hashpw, b"a password", bcrypt.gensalt(13))
    return "done"


@app.get("/hang")
def hang():
    """Stop the hub for good, as a C extension that blocks would."""
    import ctypes

    ctypes.CDLL(None).sleep(60)


@app.get("/file")
def file():
    return send_file(Path(__file__), conditional=False)


@app.post("/length")
def length():
    return str(len(request.get_data()))


class Chat(Namespace):
    def on_echo(self, data):
        return data

    def on_shout(self, data):
        self.emit("shout", data)


socketio.on_namespace(Chat("/chat"))
