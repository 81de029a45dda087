"""A look into the database of a deployment, and a hand in it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from tests.services.waiting import eventually

T = TypeVar("T")
WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p"
    " ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()",
}


def engine(url: str) -> sa.Engine:
    """For the address of a database as operators write it. MariaDB takes "quoted" names, as the others do."""
    url = url.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://")
    options: dict[str, Any] = {}
    if url.startswith("mysql"):
        modes = "SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES', time_zone = '+00:00'"
        options = {"isolation_level": "READ COMMITTED", "connect_args": {"charset": "utf8mb4", "init_command": modes}}
    return sa.create_engine(url, poolclass=sa.NullPool, **options)


class Database:
    """SQL that PostgreSQL, MariaDB and SQLite understand; ids are texts."""

    def __init__(self, url: str) -> None:
        self._engine = engine(url)

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

    def change_each(self, statement: str, rows: list[dict[str, Any]]) -> None:
        """The same for many rows."""
        with self._engine.begin() as connection:
            connection.execute(sa.text(statement), rows)

    @contextmanager
    def holding(self, statement: str, **values: Any) -> Iterator[None]:
        """Keep what the statement locks (`… FOR UPDATE`), for as long as the block takes. Not on SQLite."""
        with self._engine.begin() as connection:
            connection.execute(sa.text(statement), values)
            yield

    def waiting(self) -> int:
        """Connections that wait for somebody's lock. Not on SQLite."""
        count: int = self.one(WAITING[self._engine.dialect.name])
        return count

    def in_turn(self, table: str, row_id: str, *actions: Callable[[], T]) -> list[T]:
        """Have actions that change the same row begin all at once, and end in this order. Not on SQLite.

        Each goes as far as it comes without the row before the first may have it.
        """
        with ThreadPoolExecutor(len(actions)) as pool:
            with self.holding(f"SELECT id FROM {table} WHERE id = :id FOR UPDATE", id=row_id):
                begun = []
                for number, action in enumerate(actions, 1):
                    begun.append(pool.submit(action))
                    eventually(lambda number=number: self.waiting() == number)
            return [action.result() for action in begun]
