"""Work that a serving process repeats, each in a loop of its own that outlives its failures."""

import logging
from collections.abc import Callable

from flask import Flask

from chat_app.extensions import socketio

log = logging.getLogger(__name__)


def every(app: Flask, seconds: float, work: Callable[[], object]) -> None:
    """Call `work` within the application's context, with `seconds` between two calls."""

    name = f"{work.__module__}.{work.__qualname__}"

    def loop() -> None:
        failing = False
        while True:
            socketio.sleep(seconds)
            try:
                with app.app_context():
                    work()
            except Exception as error:
                if not failing:  # said once, not every second of an outage
                    log.warning("%s fails and is tried again every %s s: %s", name, seconds, error)
                failing = True
            else:
                if failing:
                    log.warning("%s works again", name)
                failing = False

    socketio.start_background_task(loop)
