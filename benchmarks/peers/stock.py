"""Flask-SocketIO as installed, under eventlet's own server: `python -m benchmarks.peers.stock PORT [REDIS_URL]`"""

import sys

import eventlet
import eventlet.wsgi

eventlet.monkey_patch()

from flask_socketio import SocketIO  # noqa: E402

from benchmarks.peers.application import create_app  # noqa: E402

MOST_CONNECTIONS = 20_000  # eventlet's own default is 1024; those above it hang

port, *redis = sys.argv[1:]
listener = eventlet.listen(("127.0.0.1", int(port)), backlog=4096)
app = create_app(SocketIO, redis[0] if redis else None)
eventlet.wsgi.server(listener, app, log_output=False, max_size=MOST_CONNECTIONS)
