"""Flask on our transport, under gunicorn with our worker and our settings, as the product runs.

`python -m benchmarks.peers.ours PORT [REDIS_URL]`
"""

import os
import sys

from flask import Flask


def wsgi() -> Flask:
    """In the worker, which has patched the standard library by then."""
    from benchmarks.peers.application import create_app
    from chat_app.realtime.transport import SocketIO

    return create_app(SocketIO, os.environ.get("PEER_REDIS_URL"))


def main() -> None:
    port, *redis = sys.argv[1:]
    if redis:
        os.environ["PEER_REDIS_URL"] = redis[0]
    options = ["--config", "python:benchmarks.peers.settings", "--bind", f"127.0.0.1:{port}"]
    os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", "gunicorn", *options])


if __name__ == "__main__":
    main()
