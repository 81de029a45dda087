"""`make run` after the set-up: one command that serves and stops cleanly."""

import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.process import ROOT, Process, free_port, is_gone
from tests.services.redis import Redis
from tests.services.server import environment
from tests.services.waiting import eventually

Serve = Callable[..., Process]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(port: int | None = None, data_dir: str = "data", **settings: str) -> Process:
            port = port or free_port()
            process = Process(
                [sys.executable, str(ROOT / "scripts/serve.py")],
                tmp_path / f"serve-{port}-{data_dir}.log",
                env=environment(tmp_path / data_dir, {"PORT": str(port), **settings}),
            )
            process.start()
            stack.callback(process.close)
            return process

        yield start


def ready(process: Process) -> str:
    """Wait for the line that tells the address, and for the address to answer; returns it."""

    def announced() -> str:
        process.fail_if_ended()
        return process.log_tail(500).partition("ChatSphere is ready: ")[2]

    url = eventually(announced, timeout=30).split()[0]
    assert urllib.request.urlopen(f"{url}/health/live", timeout=5).status == 200
    return url


def ended(process: Process, within: float) -> int:
    tree = process.tree()
    started = time.monotonic()
    status = process.child.wait(within + 5)
    eventually(lambda: all(is_gone(part) for part in tree), timeout=5)
    assert time.monotonic() - started < within
    return status


def test_without_redis_it_becomes_gunicorn_and_tells_its_address(serve: Serve):
    process = serve()
    ready(process)
    assert len(process.tree()) == 2
    process.child.send_signal(signal.SIGTERM)
    assert ended(process, within=3) == 0


def test_a_busy_port_is_told_with_the_remedy(serve: Serve):
    first = serve()
    port = int(ready(first).rsplit(":", 1)[1])
    second = serve(port=port, data_dir="other")
    assert eventually(lambda: not second.running)
    assert f"Port {port} on 127.0.0.1 is in use" in second.log_tail()
    assert f"make run PORT={port + 1}" in second.log_tail()


def test_a_second_embedded_server_on_the_same_data_is_refused(serve: Serve):
    ready(serve())
    second = serve()
    assert eventually(lambda: not second.running)
    assert "Another ChatSphere is running on the data" in second.log_tail()


def test_two_share_a_database_and_redis_and_each_stops_cleanly(serve: Serve, postgres: Postgres, redis: Redis):
    shared = {"DATABASE_URL": postgres.create_database(), "REDIS_URL": redis.url}
    pair = [serve(**shared), serve(**shared)]
    assert len({ready(process) for process in pair}) == 2
    for process in pair:
        eventually(lambda p=process: "ready." in p.log_tail(200), timeout=20)
    pair[0].child.send_signal(signal.SIGTERM)
    assert ended(pair[0], within=8) == 0
    pair[1].child.send_signal(signal.SIGINT)
    assert ended(pair[1], within=8) == 0
    postgres.drop_database(shared["DATABASE_URL"])


def test_when_the_worker_dies_the_server_stops_too(serve: Serve, postgres: Postgres, redis: Redis):
    shared = {"DATABASE_URL": postgres.create_database(), "REDIS_URL": redis.url}
    process = serve(**shared)
    ready(process)
    worker = next(part for part in process.tree() if "celery" in " ".join(part.cmdline()))
    worker.kill()
    assert ended(process, within=8) == 1
    assert "celery ended by itself (-9); stopping." in process.log_tail(200)
    postgres.drop_database(shared["DATABASE_URL"])
