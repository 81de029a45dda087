"""A real MariaDB server, from the system's packages: `apt-get install mariadb-server`."""

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pymysql
import pytest

from tests.services.postgres import UNPRIVILEGED, database_name
from tests.services.process import Process, ProcessFailed, free_port
from tests.services.waiting import eventually

SERVER = ("mariadbd", "/usr/sbin/mariadbd")
MISSING = "MariaDB is not installed here (on Debian and Ubuntu: apt-get install mariadb-server)"
OPTIONS = {
    "bind-address": "127.0.0.1",
    "max-connections": "300",
    "skip-name-resolve": "ON",
    "innodb-buffer-pool-size": "64M",
    # Nothing here must survive a power cut, but an acknowledged commit must survive a kill: what is committed is
    # handed to the operating system, and not flushed.
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-doublewrite": "OFF",
    # As a distribution ships it, so that a table of ours that relied on it would show.
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_general_ci",
}


def installed() -> str | None:
    """Where the server's program is."""
    return next((found for name in SERVER if (found := shutil.which(name))), None)


class Mariadb(Process):
    """One server per test session, used like :class:`tests.services.postgres.Postgres`."""

    migrated = ""  # the address of a database that `fresh_database` copies

    def __init__(self, directory: Path) -> None:
        program = installed()
        if program is None:
            pytest.skip(MISSING)
        self.port = free_port()
        self.data = directory / "data"
        # Its own, since a server that starts removes the temporary tables of every other one in the same folder.
        self.temporary = directory / "tmp"
        self.user_id = UNPRIVILEGED if os.geteuid() == 0 else None
        options = {
            **OPTIONS,
            "datadir": str(self.data),
            "tmpdir": str(self.temporary),
            "port": str(self.port),
            "socket": str(directory / "socket"),
        }
        super().__init__(
            [program, "--no-defaults", *(f"--{name}={value}" for name, value in options.items())],
            directory / "mariadb.log",
            cwd=directory,
            user=self.user_id,
        )
        self.temporary.mkdir()
        if self.user_id is not None:
            # Not one of pytest's folders: those are, and are made again and again, for their owner alone.
            directory.chmod(0o755)
            os.chown(directory, self.user_id, self.user_id)
            os.chown(self.temporary, self.user_id, self.user_id)

    def start(self) -> None:
        if not self.data.exists():
            self.initialise()
        super().start()
        eventually(self.is_ready, timeout=30)

    def initialise(self) -> None:
        """Make the system tables; anybody on this machine is root, without a password (three seconds)."""
        command = ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.temporary}"]
        result = subprocess.run(
            [*command, "--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve"],
            cwd=self.cwd,
            user=self.user_id,
            group=self.user_id,
            extra_groups=[] if self.user_id is not None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if result.returncode:
            raise ProcessFailed(f"mariadb-install-db failed\n{result.stdout}")

    def is_ready(self) -> bool:
        self.fail_if_ended()
        try:
            with self.connect():
                return True
        except pymysql.OperationalError:
            return False

    def stop(self) -> None:
        """Stop as an operator does: connections are cut, what was committed stays."""
        self.terminate(20)

    def url(self, database: str = "mysql") -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        """A connection in autocommit mode; use it in a `with`."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, connect_timeout=5
        )

    def create_database(self, template: str | None = None) -> str:
        """A new database, empty or a copy of the database at the address `template`; returns its address."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            if template:
                copy_database(cursor, database_name(template), name)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database_name(url)}")


def copy_database(cursor: "pymysql.cursors.Cursor", source: str, target: str) -> None:
    """Tables and rows. MariaDB knows no templates; to run the migrations anew would take seconds."""
    cursor.execute("SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = %s", [source])
    cursor.execute(f"ALTER DATABASE {target} COLLATE {cursor.fetchone()[0]}")
    cursor.execute(f"USE {target}")
    cursor.execute("SET foreign_key_checks = 0")
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [source])
    for (table,) in cursor.fetchall():
        cursor.execute(f"SHOW CREATE TABLE {source}.{table}")
        cursor.execute(cursor.fetchone()[1])
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {source}.{table}")
