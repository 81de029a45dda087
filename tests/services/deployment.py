"""The product as people run it: one embedded process, or a cluster."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.mariadb import Mariadb
from tests.services.once import once
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import CeleryWorker, Server, migrate


@dataclass(frozen=True)
class Deployment:
    """`urls` are the addresses of the web processes; `redis` and `worker` are None when embedded."""

    kind: str
    urls: list[str]
    servers: list[Server]
    settings: dict[str, str]
    database_url: str
    redis: Redis | None
    worker: CeleryWorker | None
    data_dir: Path

    @property
    def url(self) -> str:
        return self.urls[0]


def fresh_database(postgres: Postgres | Mariadb, directory: Path) -> str:
    """A database of its own with all tables: a copy of the one that the server brings, or that is migrated here."""
    if not postgres.migrated:
        template = postgres.create_database()
        migrate(directory, {"DATABASE_URL": template})
        postgres.migrated = template
    return postgres.create_database(postgres.migrated)


def lay_sqlite(directory: Path) -> None:
    """What embedded mode keeps its data in, with all tables: a copy of one that was migrated in this run."""
    name = "chatsphere.sqlite3"
    if not (directory / name).exists():
        shutil.copy(once("sqlite", lambda folder: migrate(folder, {})) / name, directory)


@contextmanager
def embedded(directory: Path, settings: dict[str, str] | None = None) -> Iterator[Deployment]:
    """One process with SQLite and everything inside it."""
    settings = settings or {}
    lay_sqlite(directory)
    server = Server(directory, settings)
    with ExitStack() as stack:
        stack.callback(server.close)
        server.start()
        database_url = f"sqlite:///{directory}/chatsphere.sqlite3"
        yield Deployment("embedded", [server.url], [server], settings, database_url, None, None, directory)


@contextmanager
def cluster(
    directory: Path,
    postgres: Postgres | Mariadb,
    redis: Redis,
    settings: dict[str, str] | None = None,
    *,
    size: int = 2,
) -> Iterator[Deployment]:
    """A database server, Redis, a Celery worker with beat, and `size` web processes on ports of their own."""
    database_url = fresh_database(postgres, directory)
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis.url, **(settings or {})}
    with ExitStack() as stack:
        stack.callback(postgres.drop_database, database_url)
        servers = [Server(directory, settings) for _ in range(size)]
        worker = CeleryWorker(directory, settings, beat=True)
        for part in (*servers, worker):
            stack.callback(part.close)
            part.launch()
        for part in (*servers, worker):
            part.wait_ready()
        urls = [server.url for server in servers]
        yield Deployment("cluster", urls, servers, settings, database_url, redis, worker, directory)
