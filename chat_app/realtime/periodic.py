"""Work that a serving process repeats, each in a loop of its own that outlives its failures."""

import logging
from collections.abc import Callable

from flask import Flask

from chat_app.extensions import socketio

log = logging.getLogger(__name__)


def every(app: Flask, seconds: float, work: Callable[[], object]) -> None:
    """Call `work` within the application's context, with `seconds` between two calls."""

    def loop() -> None:
        while True:
            socketio.sleep(seconds)
            try:
                with app.app_context():
                    work()
            except Exception as error:
                log.warning("%s failed and will be tried again in %s s: %s", work.__qualname__, seconds, error)

    socketio.start_background_task(loop)
