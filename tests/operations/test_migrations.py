"""The migrations make what the models say, on both databases, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.services.commands import database_command
from tests.services.database import Database
from tests.services.postgres import Postgres

TABLES = {
    *("users", "auth_sessions", "conversations", "conversation_members", "messages", "message_reactions"),
    *("api_keys", "external_identities", "one_time_tokens", "avatars", "plans", "audit_events"),
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


ADA, ROOM, WORD = (f"0190a000-0000-7000-8000-00000000000{digit}" for digit in "123")
ROWS = [
    "INSERT INTO users (id, username, username_key, email, email_key, display_name, role, created_at, updated_at)"
    f" VALUES ('{ADA}', 'ada', 'ada', 'a@b.org', 'a@b.org', 'Ada', 'member', '2026-01-01', '2026-01-01')",
    "INSERT INTO conversations (id, kind, last_seq, last_change, members_rev, member_count, created_by, created_at,"
    f" updated_at) VALUES ('{ROOM}', 'group', 1, 1, 1, 1, '{ADA}', '2026-01-01', '2026-01-01')",
    "INSERT INTO conversation_members (conversation_id, user_id, role, delivered_seq, read_seq, joined_at, removed)"
    f" VALUES ('{ROOM}', '{ADA}', 'owner', 1, 1, '2026-01-01', false)",
    "INSERT INTO messages (id, conversation_id, seq, change, sender_id, client_msg_id, type, content, body_hash,"
    f" created_at) VALUES ('{WORD}', '{ROOM}', 1, 1, '{ADA}', 'one', 'text', 'kept', '{'0' * 32}', '2026-01-01')",
]


def test_what_was_there_is_kept_on_the_way_up_and_down(url: str, tmp_path: Path):
    settings = {"DATABASE_URL": url}
    database_command(tmp_path, "upgrade", "0001", settings=settings)
    database = Database(url)
    for row in ROWS:
        database.change(row)
    database_command(tmp_path, "upgrade", settings=settings)
    assert database.one("SELECT plan FROM users") == "free"
    database.change("UPDATE users SET email = NULL, email_key = NULL")
    database_command(tmp_path, "downgrade", "0001", settings=settings)
    assert database.one("SELECT content FROM messages") == "kept"
    assert database.one("SELECT count(*) FROM conversation_members") == 1
    assert database.one("SELECT email FROM users") == f"{ADA}@invalid"
