"""The one package that knows that the runtime is eventlet.

Everything else uses Flask-SocketIO's `start_background_task` and `sleep` and the standard library, so
that the concurrency of a process is a setting (`CHAT_ASYNC_MODE=eventlet|threading`) and not a rewrite.

Importing this package must stay free of Flask, SQLAlchemy, psycopg and sockets: `wsgi.py` imports it to
patch the standard library *before* anything else is loaded, and gunicorn's arbiter imports it before
its fork. For the same reason `chat_app/__init__.py` may import nothing of theirs at its top level.

A Celery worker, a test and any other process that never calls :func:`patch` runs in threading mode.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar

AsyncMode = Literal["eventlet", "threading"]

P = ParamSpec("P")
R = TypeVar("R")

MODE_VARIABLE = "CHAT_ASYNC_MODE"

_patched = False


def chosen_mode() -> AsyncMode:
    """The mode the operator asked for; `eventlet` if nothing is said.

    Raises `SystemExit` with a remedy for any other word.
    """
    mode = os.environ.get(MODE_VARIABLE, "").strip().lower() or "eventlet"
    if mode == "eventlet":
        return "eventlet"
    if mode == "threading":
        return "threading"
    raise SystemExit(f"{MODE_VARIABLE} is {mode!r}; it must be 'eventlet' or 'threading'.")


def async_mode() -> AsyncMode:
    """The mode this process runs in: `eventlet` once :func:`patch` has made it green, else `threading`."""
    return "eventlet" if _patched else "threading"


def patch() -> None:
    """Make this process green, if eventlet was chosen; call it before any other import. Idempotent.

    A `flask` command stays as it is: Flask is loaded by then, and a command serves nobody.

    psycopg reads `PSYCOPG_WAIT_FUNC` once, at its import: its C wait blocks every greenlet, while `wait_selector`
    goes through the patched `select`. Hence the refusal when psycopg is already there. Connections are opened
    with that one; for statements :mod:`chat_app.runtime.database_wait` takes its place.
    """
    global _patched
    if _patched or chosen_mode() == "threading" or os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        return
    if "psycopg" in sys.modules:
        raise RuntimeError("chat_app.runtime.patch() must run before psycopg is imported")
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"
    silence_deprecation()
    import eventlet

    eventlet.monkey_patch()
    _patched = True
    from chat_app.runtime import database_wait

    database_wait.install()


def silence_deprecation() -> None:
    """Hide the notice that `import eventlet` prints, and only that one.

    Its class cannot be named before the import, so the text is matched. That eventlet is in maintenance
    is a known, recorded decision and nothing an operator could act on.
    """
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")


def run_blocking(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run CPU-bound or otherwise blocking work (bcrypt, images) without stopping the other greenlets.

    A green process hands it to a real thread (at most `EVENTLET_THREADPOOL_SIZE`, by default 20, at once;
    further calls wait their turn); any other process calls it directly. Errors are raised here as they are.

    Not for functions that touch green objects: a database session, a socket, a lock of this process.
    """
    if not _patched:
        return function(*args, **kwargs)
    from eventlet import tpool

    result: R = tpool.execute(function, *args, **kwargs)
    return result
