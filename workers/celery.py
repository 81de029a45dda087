"""What the `celery` command loads. A worker is a plain prefork process and is never monkey-patched;
it emits over the bus like any process.
"""

from chat_app import create_app
from chat_app.extensions import celery

flask_app = create_app(role="worker")

__all__ = ["celery", "flask_app"]
