"""A look into the database of a deployment, and a hand in it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from tests.services.waiting import eventually

T = TypeVar("T")


class Database:
    """SQL that both PostgreSQL and SQLite understand; ids are texts."""

    def __init__(self, url: str) -> None:
        url = url.replace("postgresql://", "postgresql+psycopg://")
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)

    def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(sa.text(statement), values).all()

    def one(self, statement: str, **values: Any) -> Any:
        """The only value of the only row."""
        ((value,),) = self.rows(statement, **values)
        return value

    def change(self, statement: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    @contextmanager
    def holding(self, statement: str, **values: Any) -> Iterator[None]:
        """Keep what the statement locks (`… FOR UPDATE`), for as long as the block takes. PostgreSQL only."""
        with self._engine.begin() as connection:
            connection.execute(sa.text(statement), values)
            yield

    def waiting(self) -> int:
        """Connections that wait for somebody's lock. PostgreSQL only."""
        where = "datname = current_database() AND wait_event_type = 'Lock'"
        count: int = self.one(f"SELECT count(*) FROM pg_stat_activity WHERE {where}")
        return count

    def in_turn(self, table: str, row_id: str, *actions: Callable[[], T]) -> list[T]:
        """Have actions that change the same row begin all at once, and end in this order. PostgreSQL only.

        Each goes as far as it comes without the row before the first may have it.
        """
        with ThreadPoolExecutor(len(actions)) as pool:
            with self.holding(f"SELECT id FROM {table} WHERE id = :id FOR UPDATE", id=row_id):
                begun = []
                for number, action in enumerate(actions, 1):
                    begun.append(pool.submit(action))
                    eventually(lambda number=number: self.waiting() == number)
            return [action.result() for action in begun]
