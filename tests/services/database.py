"""A look into the database of a deployment, and a hand in it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


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
