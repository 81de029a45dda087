"""A small application on our transport: gunicorn loads it as `tests.runtime.detaching:create_app()`."""

from flask import Flask

from chat_app.realtime.transport import SocketIO


def create_app() -> Flask:
    """In the worker, which has patched the standard library by then."""
    app = Flask(__name__)
    SocketIO(app, async_mode="eventlet")
    app.add_url_rule("/health/live", view_func=lambda: "alive", endpoint="live")
    return app
