"""Statements by the driver itself, for the few that every message passes: SQLAlchemy's way costs as much as they do.

PostgreSQL only. The connection is one of an engine's pool, so its limits and its repair are the engine's; errors are
SQLAlchemy's as everywhere.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from chat_app.db import postgresql_connect_args
from chat_app.settings import Settings

Row = tuple[Any, ...]


def fast_engine(settings: Settings, connections: int) -> sa.Engine:
    """So many connections for single statements, each of which commits by itself.

    Generic plans: planning anew each time costs twice as much as running. Not for queries whose best plan depends on
    their values.
    """
    return sa.create_engine(
        settings.database_url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_reset_on_return=None,  # there is never a transaction to end
        connect_args=postgresql_connect_args("plan_cache_mode=force_generic_plan", "jit=off", "enable_seqscan=off"),
    )


def run(engine: sa.Engine, statement: str, parameters: Sequence[Any]) -> list[Row]:
    """The rows of one prepared statement (placeholders `%s`), committed when the engine is in autocommit mode.

    Raises what SQLAlchemy would raise, without the parameters.
    """
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        try:
            return driver.execute(statement, parameters, prepare=True).fetchall()
        except psycopg.Error as error:
            if driver.closed:
                connection.invalidate(error)
            raise sa.exc.DBAPIError.instance(
                statement, None, error, psycopg.Error, hide_parameters=True, dialect=engine.dialect
            ) from error
    finally:
        connection.close()


def array(values: Iterable[Any]) -> str:
    """An array of what needs no quotes (ids, numbers, moments), as the text that a CAST reads; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str]) -> str:
    """An array of any texts, https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}"
