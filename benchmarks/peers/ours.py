"""Flask on our transport, under eventlet's own server."""

import eventlet

eventlet.monkey_patch()

from benchmarks.peers.application import serve  # noqa: E402
from chat_app.realtime.transport import SocketIO  # noqa: E402

serve(SocketIO)
