"""What the `celery` command loads. A worker is a plain prefork process and is never monkey-patched;
it emits over the bus like any process.
"""

from celery.signals import setup_logging

from chat_app import create_app
from chat_app.extensions import celery

flask_app = create_app(role="worker")


@setup_logging.connect
def _keep_logs(**_: object) -> None:
    """The application has configured them; with this Celery leaves them as they are."""


__all__ = ["celery", "flask_app"]
