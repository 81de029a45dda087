"""Flask-SocketIO as installed, under eventlet's own server."""

import eventlet

eventlet.monkey_patch()

from flask_socketio import SocketIO  # noqa: E402

from benchmarks.peers.application import serve  # noqa: E402

serve(SocketIO)
