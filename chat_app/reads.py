"""Reading by key, outside of the session: what every request, every connection and every `sync` reads.

On PostgreSQL SQLAlchemy's way of running a statement costs several times what the server takes for it. There the
statement is compiled once, and the driver runs it (:mod:`chat_app.driver`).
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from chat_app.db import Uuid
from chat_app.driver import FastStatements, array
from chat_app.extensions import db
from chat_app.settings import Settings
from chat_app.turnstile import Turnstile

AT_ONCE = 4
"""Readings at the same time, each on a connection that stays open; they take a millisecond."""
_BY_KEY = ("enable_hashjoin=off", "enable_mergejoin=off")
"""Each row by its key; PostgreSQL would read a whole table, as long as it has some thousands."""
MOST_STATEMENTS = 200
"""Statements that are kept compiled; the modules have some ten. More means that somebody makes them anew each time."""
_Convert = Callable[[Any], Any]


def read(statement: sa.Select[*tuple[Any, ...]], **values: Any) -> Sequence[Any]:
    """The rows of a statement that finds them by their keys; their attributes are named as its columns.

    Make `statement` once, as a constant of its module with its values bound: to build one costs more than to run it,
    and what is made of it is kept. Not while the session holds a connection, for this takes another (requests that
    wait for a second one could use up the pool for each other), and so not inside `transaction()`.
    """
    fast: _FastReads | None = current_app.extensions["fast_reads"]
    if fast:
        return fast.rows(statement, values)
    with db.engine.connect() as connection:
        return connection.execute(statement, values).all()


def init_reads(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    is_postgresql = settings.database_url.startswith("postgresql")
    app.extensions["fast_reads"] = _FastReads(settings) if is_postgresql else None


class among_ids(FunctionElement[bool]):
    """`column` is one of the ids bound as `name`: an array on PostgreSQL, where the text is then always the same."""

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, name: str) -> None:
        super().__init__(column, sa.bindparam(name, expanding=True))


@compiles(among_ids)
def _listed(element: among_ids, compiler: Any, **options: Any) -> str:
    column, ids = element.clauses
    return str(compiler.process(column.in_(ids), **options))


@compiles(among_ids, "postgresql")
def _any_of(element: among_ids, compiler: Any, **options: Any) -> str:
    column, ids = element.clauses
    return str(compiler.process(column == sa.func.any(array_of(str(ids.key), Uuid)), **options))


def array_of(name: str, of: Any) -> sa.Cast[Any]:
    """The array bound as `name`; PostgreSQL only. As a text that it casts: half the cost of what the driver makes."""
    return sa.cast(sa.bindparam(name, type_=_ArrayText), sa.ARRAY(of))


class _ArrayText(sa.types.TypeDecorator[Any]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[Any] | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else array(value)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as the driver takes it; `from_driver` are the columns whose values it gives in another type."""

    text: bytes
    constants: dict[str, Any]
    to_driver: list[tuple[str, _Convert]]
    from_driver: list[tuple[int, _Convert]]
    make_row: Callable[[Iterable[Any]], Any]


class _FastReads:
    def __init__(self, settings: Settings) -> None:
        self._statements = FastStatements(settings, *_BY_KEY)
        self._turns = Turnstile(AT_ONCE)
        self._compiled: dict[sa.Select[*tuple[Any, ...]], _Compiled] = {}  # by identity

    def rows(self, statement: sa.Select[*tuple[Any, ...]], values: dict[str, Any]) -> list[Any]:
        compiled = self._compiled.get(statement) or self._keep(statement)
        given = {**compiled.constants, **values}
        for name, convert in compiled.to_driver:
            given[name] = convert(given[name])
        with self._turns.place():
            rows = self._run(compiled.text, given)
        make_row, from_driver = compiled.make_row, compiled.from_driver
        found = []
        for row in rows:
            cells = list(row)
            for place, convert in from_driver:
                cells[place] = convert(cells[place])
            found.append(make_row(cells))
        return found

    def _keep(self, statement: sa.Select[*tuple[Any, ...]]) -> _Compiled:
        if len(self._compiled) >= MOST_STATEMENTS:
            raise RuntimeError(
                "read() keeps each statement: make it once, as a constant of its module, with its values bound"
            )
        compiled = self._compiled[statement] = _compile(statement)
        return compiled

    def _run(self, text: bytes, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Reading may be repeated: whoever comes first after the database was away must not pay for it."""
        try:
            return self._statements.run(text, values)
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return self._statements.run(text, values)


def _compile(statement: sa.Select[*tuple[Any, ...]]) -> _Compiled:
    dialect = db.engine.dialect
    compiled = statement.compile(dialect=dialect)
    expanded = compiled.construct_expanded_state({name: bind.value for name, bind in compiled.binds.items()})
    to_driver = [
        (name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in compiled.binds.items()
    ]
    columns = list(statement.selected_columns)
    from_driver = [
        (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for place, column in enumerate(columns)
        if not isinstance(column.type, sa.Uuid)  # they come as texts already
    ]
    row = namedtuple("row", [column.key for column in columns])  # type: ignore[misc]
    return _Compiled(
        expanded.statement.encode(),
        dict(expanded.parameters),
        [(name, convert) for name, convert in to_driver if convert],
        [(place, convert) for place, convert in from_driver if convert],
        row._make,
    )
