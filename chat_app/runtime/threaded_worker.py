"""gunicorn's worker for `CHAT_ASYNC_MODE=threading`: real threads, each open websocket holds one."""

from gunicorn.workers.gthread import ThreadWorker

from chat_app.runtime import refusals as _refusals  # noqa: F401  (how it answers what it cannot read)
from chat_app.runtime.boot import StopsOnRefusal


class ThreadedWorker(StopsOnRefusal, ThreadWorker):
    """Use it where eventlet must not be: to compare, to debug, on a small installation."""
