"""The database: base class, column types, and the one way to commit.

Writing happens inside :func:`transaction`, opened at the edge (a route, an event, a task), never in a
service. What must leave the process (a push, a job) is handed to :func:`after_commit` and runs once the
commit has succeeded; a rollback drops it. SQLAlchemy's own ``after_commit`` event is not used: it also
fires when a savepoint is released that is rolled back later.

Outside of it a statement is a transaction by itself, as it was a snapshot by itself before: so reading costs a
server of PostgreSQL's kind one round trip and not three.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chat_app import mariadb
from chat_app.extensions import Base, db
from chat_app.settings import Settings

log = logging.getLogger(__name__)

WRITE_LOCK_WAIT = 10.0
"""Seconds that a SQLite writer waits for its turn before the caller is told `unavailable`."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant. Aware in Python, `timestamptz` in PostgreSQL, naive and in UTC in SQLite and MariaDB."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Uuid = sa.Uuid(as_uuid=False).with_variant(sa.CHAR(36), "sqlite").with_variant(mariadb.ASCII_UUID, "mysql")
"""A UUID as its 36-character text in Python; native in PostgreSQL."""


def now() -> datetime:
    return datetime.now(UTC)


def engine_options(settings: Settings) -> dict[str, Any]:
    """How to connect: every wait is bounded, so that a dead database means `unavailable`, not a hang."""
    if settings.database_url.startswith("sqlite"):
        return {
            "hide_parameters": True,
            "connect_args": {"timeout": 0, "isolation_level": None, "check_same_thread": False},
        }
    if mariadb.is_mariadb(settings.database_url):
        # Unlike PostgreSQL's, its servers and the proxies before them hang up on who was idle: hence the ping.
        pool = {"pool_size": settings.database_pool, "pool_timeout": 5, "pool_use_lifo": True, "pool_pre_ping": True}
        return mariadb.engine_options(**pool)
    return {
        "hide_parameters": True,  # what people write must not stand in an error, and so in a log
        "isolation_level": "AUTOCOMMIT",  # but for what `transaction` says
        "pool_size": settings.database_pool,
        "max_overflow": 0,
        "pool_timeout": 5,
        "pool_recycle": 1800,
        "pool_use_lifo": True,
        "connect_args": postgresql_connect_args(),
    }


def postgresql_connect_args(*options: str) -> dict[str, Any]:
    """libpq parameters; `options` are further server settings such as ``jit=off``."""
    limits = ("statement_timeout=10000", "lock_timeout=5000", "idle_in_transaction_session_timeout=30000")
    return {
        "connect_timeout": 3,
        "application_name": "chatsphere",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        "options": " ".join(f"-c {option}" for option in (*limits, *options)),
    }


def init_db(app: Flask) -> None:
    """Attach the SQLite rules to the engine; PostgreSQL needs none."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            prepare_sqlite(db.engine)


def prepare_sqlite(engine: Engine) -> None:
    """WAL for readers beside a writer, full synchronisation because an acknowledged message is kept."""
    event.listen(engine, "connect", _sqlite_pragmas)
    event.listen(engine, "begin", _sqlite_begin)


def _sqlite_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: sa.Connection) -> None:
    """A writer takes the lock before its first statement, so that it can never deadlock half-way.

    The wait is a green sleep: SQLite's own busy handler would freeze every client of the process.
    """
    if not connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN")
        return
    deadline = time.monotonic() + WRITE_LOCK_WAIT
    pause = 0.001
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except sa.exc.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


@contextmanager
def transaction() -> Iterator[Session]:
    """Everything inside commits together, or nothing does; then the held work of `after_commit` runs.

    Not for reading: a read needs no transaction of its own. Not to be nested: services never commit.
    """
    session = db.session()
    if "held" in session.info:
        raise RuntimeError("transaction() is opened at the edge, once; a service must not open another")
    session.commit()  # ends what was only read so far: SQLite cannot turn a reader into a writer
    held: list[partial[object]] = []
    session.info["held"] = held
    try:
        session.connection(execution_options=writing())
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info["held"]
    for work in held:
        _run_alone(work)


def writing() -> dict[str, Any]:
    """Options of a connection that writes; see :func:`_sqlite_begin` for SQLite's."""
    return {"isolation_level": "READ COMMITTED"} if dialect() == "postgresql" else {"writes": True}


def after_commit(function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Call `function` once the running transaction is committed; at once when there is none."""
    work = partial(function, *args, **kwargs)
    held = db.session().info.get("held")
    if held is None:
        _run_alone(work)
    else:
        held.append(work)


def _run_alone(work: partial[object]) -> None:
    """A push that fails must not look like a failed write, nor keep the next one from leaving."""
    try:
        work()
    except Exception:
        log.exception("work held for after the commit failed: %s", getattr(work.func, "__name__", work.func))


def touched(statement: sa.Update | sa.Delete | sa.Insert) -> int:
    """Run a writing statement in the session; returns how many rows it touched."""
    # Without `preserve_rowcount` an INSERT on PostgreSQL answers -1.
    options = {"synchronize_session": False, "preserve_rowcount": True}
    result = db.session.execute(statement, execution_options=options)
    return int(result.rowcount)  # type: ignore[attr-defined]


def dialect() -> str:
    """`postgresql`, `sqlite` or `mysql` (MariaDB, too)."""
    return db.engine.dialect.name


def database_name() -> str:
    """The same for people: `mariadb` is told apart, once there was a connection."""
    return "mariadb" if getattr(db.engine.dialect, "is_mariadb", False) else dialect()


def greatest(*values: Any) -> sa.ColumnElement[Any]:
    """The greatest of several values in a row."""
    return sa.func.max(*values) if dialect() == "sqlite" else sa.func.greatest(*values)


def least(*values: Any) -> sa.ColumnElement[Any]:
    """The least of several values in a row."""
    return sa.func.min(*values) if dialect() == "sqlite" else sa.func.least(*values)


def broken_rule(error: IntegrityError) -> str:
    """What the database says of the rule that a row would break: its name, or its column. Never the value.

    MariaDB puts the value first ("Duplicate entry 'email' for key 'uq_users_username_key'"), PostgreSQL on its second
    line.
    """
    return str(error.orig).partition("\n")[0].rpartition(" for key ")[2]


def insert_new(model: type[Base], **values: Any) -> bool:
    """Insert a row unless one with its key is there already; tells whether it was inserted.

    Columns that are left out get the model's defaults. Any other rule that the row breaks is an error.
    """
    if dialect() == "mysql":
        return _insert_unless_duplicate(model, values)
    insert = postgresql.insert if dialect() == "postgresql" else sqlite.insert
    return bool(touched(insert(model).values(values).on_conflict_do_nothing()))


def _insert_unless_duplicate(model: type[Base], values: dict[str, Any]) -> bool:
    """Not `INSERT IGNORE`: that also shortens what is too long and swallows references to nothing."""
    try:
        with db.session.begin_nested():
            touched(sa.insert(model).values(values))
    except IntegrityError as error:
        if mariadb.is_duplicate(error):
            return False
        raise
    return True
