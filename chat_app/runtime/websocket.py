"""Which websocket Engine.IO uses, in either mode."""

from typing import Any

from chat_app.runtime import async_mode


def websocket_driver() -> Any:
    """A class to be made with a handler and Engine.IO's server, and called with a WSGI request."""
    if async_mode() == "eventlet":
        from chat_app.runtime.green_websocket import GreenWebSocket

        return GreenWebSocket
    return _threaded


def _threaded(handler: Any, eio: Any) -> Any:
    from engineio.async_drivers.threading import SimpleWebSocketWSGI

    return SimpleWebSocketWSGI(handler, eio, max_message_size=eio.max_http_buffer_size)
