"""Flask on our transport, in one process of gunicorn with our worker."""

import os
import sys

from flask import Flask

if __name__ == "__main__":
    worker = "chat_app.runtime.gunicorn_worker.EventletWorker"
    address = f"127.0.0.1:{sys.argv[1]}"
    options = ["--config", os.devnull, "--worker-class", worker, "--bind", address, "--worker-connections", "20000"]
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", *options, "benchmarks.peers.worker:create()"]
    os.execv(sys.executable, command)


def create() -> Flask:
    from benchmarks.peers.application import create_app
    from chat_app.realtime.transport import SocketIO

    return create_app(SocketIO)
