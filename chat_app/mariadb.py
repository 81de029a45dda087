"""MariaDB (and MySQL, which speaks the same): how to connect, and what the plain column types are there.

Models and migrations name plain SQLAlchemy types on all three databases. MariaDB's own reading of some of them is too
small for us (seconds without a fraction, 64 KiB of text); what stands here instead is in
docs/decisions/0019-mariadb.md. Imported by `chat_app.db`, so it counts wherever our models do.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles

LEAST_MARIADB = (10, 6)
LEAST_MYSQL = (8, 0, 21)
"""The first with `JSON_TABLE`, which the message writer needs."""

DUPLICATE, DEADLOCK = 1062, 1213
"""Numbers of errors (MariaDB Knowledge Base, "MariaDB Error Codes")."""

STATEMENT_SECONDS = 10
LOCK_SECONDS = 5
SILENCE = 12
"""Seconds without a byte from the server until a connection counts as dead: longer than a statement may take, and
shorter than callers wait for their message (15)."""

MIGRATION_LOCK_SECONDS = 60

LONGEST_AGGREGATE = 64 * 2**20
"""Bytes of a text made of many rows; beyond it MariaDB cuts it off without an error."""


def is_mariadb(url: str) -> bool:
    """Whether the address of a database is one for this module."""
    return url.startswith("mysql")


def engine_options(**pool: Any) -> dict[str, Any]:
    """How an engine for MariaDB connects; every wait is bounded. `pool` are further options of the engine.

    READ COMMITTED as on PostgreSQL: after waiting for a lock we see what its holder committed, and InnoDB locks no
    gaps, which is where most of its deadlocks come from.
    """
    return {
        "hide_parameters": True,  # what people write must not stand in an error, and so in a log
        "isolation_level": "READ COMMITTED",
        "max_overflow": 0,
        "pool_recycle": 1800,
        "connect_args": connect_args(),
        **pool,
    }


def connect_args(*, migrating: bool = False) -> dict[str, Any]:
    """PyMySQL's parameters. A migration may take as long as it needs, but does not wait for ever for its locks."""
    common = {"charset": "utf8mb4", "connect_timeout": 3}
    if migrating:
        return {**common, "init_command": _session(locks=MIGRATION_LOCK_SECONDS, statements=0)}
    session = _session(locks=LOCK_SECONDS, statements=STATEMENT_SECONDS)
    return {**common, "init_command": session, "read_timeout": SILENCE, "write_timeout": SILENCE}


def _session(*, locks: int, statements: int) -> str:
    """Seconds that a statement waits for a lock, and that it may take in all (0: any).

    `/*M! … */` is read by MariaDB only; MySQL has no limit for statements that write.
    """
    return (
        f"SET SESSION innodb_lock_wait_timeout = {locks}, lock_wait_timeout = {locks}, wait_timeout = 28800,"
        f" group_concat_max_len = {LONGEST_AGGREGATE},"
        " sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
        f" time_zone = '+00:00' /*M! , max_statement_time = {statements} */"
    )


def exact_collation(connection: sa.Connection) -> str:
    """The collation that compares as the other two databases do: by bytes, and trailing spaces count.

    The default of both servers takes `Ada`, `ada`, `ADA ` and `àda` for the same name.
    """
    return "utf8mb4_nopad_bin" if connection.dialect.is_mariadb else "utf8mb4_0900_bin"  # type: ignore[attr-defined]


def refuse_old_server(connection: sa.Connection) -> None:
    """Raises `RuntimeError` when the server is too old for us."""
    mariadb = connection.dialect.is_mariadb  # type: ignore[attr-defined]
    least = LEAST_MARIADB if mariadb else LEAST_MYSQL
    version = tuple(part for part in connection.dialect.server_version_info or () if isinstance(part, int))
    if version < least:
        name = "MariaDB" if mariadb else "MySQL"
        raise RuntimeError(f"ChatSphere needs {name} {'.'.join(map(str, least))} or newer; this is {version}")


def number(error: DBAPIError) -> int:
    """The server's number for what went wrong; 0 when it was the connection, or another database."""
    first = error.orig.args[0] if error.orig and error.orig.args else 0
    return first if isinstance(first, int) else 0


def is_duplicate(error: DBAPIError) -> bool:
    """A row with this key is there already."""
    return number(error) == DUPLICATE


def is_deadlock(error: DBAPIError) -> bool:
    """Two waited for each other and this one was rolled back: it may begin again at once."""
    return number(error) == DEADLOCK


@compiles(sa.Uuid, "mysql")
def _uuid(_type: sa.Uuid[Any], _compiler: Any, **_: Any) -> str:
    """Text, so that ids sort by time on every version: MariaDB's own UUID type swapped their bytes until 10.11.5."""
    return "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"


@compiles(sa.DateTime, "mysql")
def _instant(_type: sa.DateTime, _compiler: Any, **_: Any) -> str:
    return "DATETIME(6)"


@compiles(sa.Text, "mysql")
def _text(_type: sa.Text, _compiler: Any, **_: Any) -> str:
    """16 MiB; TEXT ends at 64 KiB, and the longest message has up to 400."""
    return "MEDIUMTEXT"


@compiles(sa.LargeBinary, "mysql")
def _binary(_type: sa.LargeBinary, _compiler: Any, **_: Any) -> str:
    return "MEDIUMBLOB"


ASCII_UUID = mysql.CHAR(36, charset="ascii", collation="ascii_bin")
"""What a model's UUID is there: the same text that Python holds."""
