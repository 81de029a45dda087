"""Statements by the driver itself, for the few that every message passes: SQLAlchemy's way costs as much as they do.

PostgreSQL only. Errors are SQLAlchemy's, as everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from psycopg.types.string import TextLoader

from chat_app.db import postgresql_connect_args
from chat_app.settings import Settings

Row = tuple[Any, ...]


class FastStatements:
    """Single statements, each of which commits by itself, on connections that stay open.

    There are as many connections as there were statements at work at once: that is for the caller to bound. Generic
    plans: planning anew each time costs twice as much as running. Not for queries whose best plan depends on their
    values. `planning` are further settings of PostgreSQL for them.
    """

    def __init__(self, settings: Settings, *planning: str) -> None:
        self._engine = sa.create_engine(
            settings.database_url,
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            hide_parameters=True,
            connect_args=postgresql_connect_args(
                "plan_cache_mode=force_generic_plan", "jit=off", "enable_seqscan=off", *planning
            ),
        )
        self._idle: list[sa.PoolProxiedConnection] = []

    def run(self, statement: bytes, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
        """The rows of a prepared statement with the placeholders `%s`, or `%(name)s`; ids are texts.

        Raises what SQLAlchemy would raise, without the parameters.
        """
        connection = self._idle.pop() if self._idle else self._connect()
        driver: Any = connection.driver_connection
        try:
            rows: list[Row] = driver.execute(statement, parameters, prepare=True).fetchall()
        except psycopg.Error as error:
            raise self._as_sqlalchemy_says(error, driver.closed) from error
        finally:
            if driver.closed:
                self._forget_idle()  # whatever cut this one has cut the others
            if driver.closed or driver.pgconn.transaction_status != TransactionStatus.IDLE:
                connection.invalidate()  # it broke, or the caller was interrupted in the middle
            else:
                self._idle.append(connection)
        return rows

    def _connect(self) -> sa.PoolProxiedConnection:
        try:
            connection = self._engine.raw_connection()
        except psycopg.Error as error:
            raise self._as_sqlalchemy_says(error) from error
        driver: Any = connection.driver_connection
        driver.adapters.register_loader("uuid", TextLoader)
        return connection

    def _as_sqlalchemy_says(self, error: psycopg.Error, is_cut: bool = False) -> Exception:
        return sa.exc.DBAPIError.instance(
            "",
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=is_cut,
            dialect=self._engine.dialect,
        )

    def _forget_idle(self) -> None:
        while self._idle:
            self._idle.pop().invalidate()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def array(values: Iterable[Any]) -> str:
    """An array of what needs no quotes (ids, numbers), as the text that a CAST reads; None is NULL."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str]) -> str:
    """An array of any texts, https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}"
