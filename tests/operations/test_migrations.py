"""The migrations make what the models say, on both databases, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.services.commands import database_command
from tests.services.postgres import Postgres

TABLES = {
    *("users", "auth_sessions", "conversations", "conversation_members", "messages", "message_reactions"),
    *("server_state", "alembic_version"),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite3"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        empty = postgres.create_database()
        yield empty
        postgres.drop_database(empty)


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    return set(sa.inspect(engine).get_table_names())


def test_up_is_what_the_models_say_and_down_leaves_nothing(url: str, tmp_path: Path):
    settings = {"DATABASE_URL": url}
    database_command(tmp_path, "upgrade", settings=settings)
    assert tables(url) == TABLES
    assert "No new upgrade operations detected" in database_command(tmp_path, "check", settings=settings)
    database_command(tmp_path, "downgrade", "base", settings=settings)
    assert tables(url) == {"alembic_version"}
