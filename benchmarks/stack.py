"""A chat server with all that it needs: PostgreSQL and Redis of its own, and for ours the Celery worker.

Each peer has its own, so that what its database does later (checkpoints, vacuum) is not put to another's account.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psutil

from benchmarks.build import FASTAPI, NODE, install_node_packages, python_packages
from benchmarks.peers import cpu_seconds
from benchmarks.seed import Seed, seed
from tests.services.node import node_binary
from tests.services.postgres import OPTIONS, Postgres
from tests.services.process import Process
from tests.services.redis import Redis
from tests.services.server import BASE, CeleryWorker, Server, migrate
from tests.services.waiting import eventually

SECRET = BASE["SECRET_KEY"]
DURABLE = {name: value for name, value in OPTIONS.items() if name not in ("fsync", "full_page_writes")}
"""PostgreSQL as it is shipped: a commit is on the disk before it is answered."""
SETTLING = 1.3
"""Seconds after the work, counted too: what a server has put off (receipts are stored a second later) is done in it."""


def _node(store: str) -> Callable[[], list[str]]:
    def command() -> list[str]:
        install_node_packages()
        return [node_binary(), str(NODE / "chat.mjs"), store]

    return command


def _fastapi() -> list[str]:
    uvicorn = python_packages(FASTAPI / "requirements.txt") / "uvicorn"
    how = ("--loop", "uvloop", "--http", "httptools", "--ws", "websockets", "--backlog", "4096", "--no-access-log")
    return [str(uvicorn), "server:app", "--app-dir", str(FASTAPI), "--port", "0", *how]


COMMANDS: dict[str, Callable[[], list[str]]] = {
    "node": _node("transactions"),
    "node-batched": _node("batches"),
    "fastapi": _fastapi,
}
"""How a peer of a kind is started, for all but ours. It reads PORT (0: the kernel chooses; it listens on 127.0.0.1),
DATABASE_URL, REDIS_URL and SECRET_KEY from its environment."""


@dataclass(frozen=True)
class Template:
    """A PostgreSQL that was migrated and seeded, and has stopped: each peer gets a copy."""

    data: Path
    database: str
    seed: Seed


@contextmanager
def seeded(people: int, talks: Sequence[Sequence[int]], history: int | Sequence[int] = 0) -> Iterator[Template]:
    """So many people in those talks (indexes of people), with `history` messages in each, or in one after the other."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = Postgres(directory, DURABLE)
        stack.callback(postgres.close)
        postgres.start()
        url = postgres.create_database()
        migrate(directory, {"DATABASE_URL": url})
        sown = seed(url, SECRET, people, talks, history)
        postgres.stop()
        yield Template(postgres.data, url.rsplit("/", 1)[1], sown)


class Stack:
    """One peer, standing. `kind` is "ours" or one of `COMMANDS`; `settings` are further ones of ours."""

    def __init__(self, kind: str, template: Template, directory: Path, settings: dict[str, str] | None = None) -> None:
        self.kind = kind
        self.directory = directory
        self.postgres = Postgres(directory, DURABLE)
        subprocess.run(["cp", "-a", template.data, self.postgres.data], check=True)
        self.redis = Redis(directory)
        environment = {"DATABASE_URL": self.postgres.url(template.database), "REDIS_URL": self.redis.url}
        self.parts: list[Process] = [self.postgres, self.redis]
        self.server: Process
        if kind == "ours":
            self.server = Server(directory, {**environment, **(settings or {})})
            self.parts += [self.server, CeleryWorker(directory, environment, beat=True)]
        else:
            environment |= {"PORT": "0", "SECRET_KEY": SECRET, "NODE_ENV": "production"}
            log = directory / f"{kind}.log"
            self.server = Process(COMMANDS[kind](), log, env={**os.environ, **environment})
            self.parts.append(self.server)
        # Kept to one processor, so that the load client has another for itself.
        self.server.command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *self.server.command]
        self._database = template.database
        self.seed = template.seed

    def start(self) -> None:
        for part in self.parts[:2]:
            part.start()
        if self.kind != "ours":
            # A digest is how we tell whether a key comes again with another text; others compare the texts.
            self.execute("ALTER TABLE messages DROP COLUMN body_hash")
        for part in self.parts[2:]:
            part.start()

    def execute(self, statement: LiteralString) -> None:
        """In its database."""
        with self.postgres.connect(self.postgres.url(self._database)) as connection:
            connection.execute(statement)

    def close(self) -> None:
        for part in reversed(self.parts):
            part.close()
        shutil.rmtree(self.postgres.data, ignore_errors=True)

    @property
    def port(self) -> int:
        port: int = eventually(self._listening_port, timeout=30)
        return port

    def _listening_port(self) -> int | None:
        self.server.fail_if_ended()
        sockets = [one for part in self.server.tree() for one in part.net_connections("tcp4")]
        return next((one.laddr.port for one in sockets if one.status == psutil.CONN_LISTEN), None)

    @property
    def cpu_seconds(self) -> float:
        """Of everything that the peer is made of."""
        return sum(map(cpu_seconds, self.parts))

    def by_part(self) -> dict[str, float]:
        """The same, apart."""
        return {type(part).__name__.lower(): cpu_seconds(part) for part in self.parts}

    def settle(self) -> None:
        time.sleep(SETTLING)


@contextmanager
def standing(kind: str, template: Template, settings: dict[str, str] | None = None) -> Iterator[Stack]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peer = Stack(kind, template, directory, settings)
        stack.callback(peer.close)
        peer.start()
        yield peer
