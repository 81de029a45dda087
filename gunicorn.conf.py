"""How gunicorn serves ChatSphere; `gunicorn wsgi:app` reads this file by itself.

Every value that differs from gunicorn's own default has its reason beside it.
"""

import faulthandler
import os
import resource
import sys

from dotenv import dotenv_values
from gunicorn.config import Config
from gunicorn.glogging import Logger

from chat_app import logs

# Not through `chat_app.settings`: this file is read before the fork, and pydantic's inside makes eventlet's
# patching after the fork fail. The application checks every setting when the worker loads it.
values = {name: value for source in (dotenv_values(".env"), os.environ) for name, value in source.items() if value}
# The worker patches itself before it can read a .env file.
async_mode = os.environ["CHAT_ASYNC_MODE"] = values.get("CHAT_ASYNC_MODE", "eventlet")

DESCRIPTOR_RESERVE = 256  # database, Redis, log and upload files


def descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one: every connection needs a descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard


wsgi_app = "wsgi:app"
host = values.get("HOST", "127.0.0.1")
port = values.get("PORT", "8000")
bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]

# Exactly one: a polling client's requests must all reach the process that holds its session. Scale with
# more processes on other ports behind a proxy with sticky sessions.
workers = 1
if async_mode == "eventlet":
    worker_class = "chat_app.runtime.gunicorn_worker.EventletWorker"
else:
    worker_class = "chat_app.runtime.threaded_worker.ThreadedWorker"
    threads = 200  # each open websocket holds one

# gunicorn's default is 1000, and clients above it hang. Ours are answered 503.
worker_connections = max(
    64, min(int(values.get("WORKER_CONNECTIONS", 20_000)), descriptor_limit() - DESCRIPTOR_RESERVE)
)
# Clients that reconnect all at once wait here for accept(); the kernel caps it at net.core.somaxconn.
backlog = 4096

# A process whose greenlets have not run for so long hangs and is replaced.
timeout = 60
# Open websockets are ended at once on TERM; this is for requests in flight.
graceful_timeout = 5
# Longer than a proxy keeps its idle connections (nginx: 60 s), so that the proxy closes first and no
# request races with our close. An idle connection costs a greenlet, not a worker.
keepalive = 75

# The application must be loaded after the fork, by the patched worker.
preload_app = False

# RFC 9110, 4.1: at least 8000 bytes. The address that a provider sends people back to is long.
limit_request_line = 8190
# Its default path is shared by all gunicorns of a user: a second process would fight for it.
control_socket_disable = True

# gunicorn believes no header about scheme, path or client, whoever sends it: TRUSTED_PROXIES decides, in
# chat_app/proxies.py, and counts the proxies, which gunicorn does not.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# Off: the application logs each request itself, with its id and without its query.
accesslog = None


class OneLog(Logger):
    """What gunicorn says goes where the application's own lines go, in the same format."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        level = values.get("LOG_LEVEL", "INFO").upper()
        # Bad values are named by the application, which reads them next.
        known = level if level in ("DEBUG", "INFO", "WARNING", "ERROR") else "INFO"
        logs.configure(known, values.get("LOG_FORMAT", ""), values.get("LOG_FILE"))


logger_class = OneLog


def worker_abort(worker: object) -> None:
    """Say where a hanging worker hung; without this the log only knows that it did."""
    faulthandler.dump_traceback()


def post_worker_init(worker: object) -> None:
    """Tell the address once the application is loaded; `scripts/serve.py` asks for it."""
    if os.environ.get("ANNOUNCE"):
        address = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
        print(f"ChatSphere is ready: http://{address}:{port}  (Ctrl-C stops it)", flush=True)
