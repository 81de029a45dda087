"""A Socket.IO server for Flask that is faster than Node's, and exact to the protocol.

:class:`SocketIO` takes the place of `flask_socketio.SocketIO` in any Flask application::

    from chat_app.realtime.transport import SocketIO

    socketio = SocketIO(app, message_queue="redis://…")

It runs on eventlet: under `socketio.run(app)`, eventlet's own server, or a gunicorn worker. docs/transport.md
"""

from chat_app.realtime.transport.extension import SocketIO

__all__ = ["SocketIO"]
