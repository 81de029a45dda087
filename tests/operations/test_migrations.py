"""The migrations make what the models say, on all three databases, and can be taken back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.services.commands import database_command
from tests.services.database import Database, engine
from tests.services.mariadb import Mariadb
from tests.services.postgres import Postgres
from tests.services.waiting import eventually

TABLES = {
    *("users", "auth_sessions", "conversations", "conversation_members", "messages", "message_reactions"),
    *("api_keys", "external_identities", "one_time_tokens", "avatars", "plans", "audit_events"),
    *("contents", "uploads", "upload_thumbnails"),
    *("server_state", "alembic_version"),
}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite3"
    else:
        server = request.getfixturevalue(request.param)
        empty = server.create_database()
        yield empty
        server.drop_database(empty)


@pytest.fixture
def postgresql(postgres: Postgres | Mariadb) -> Postgres:
    if not isinstance(postgres, Postgres):
        pytest.skip("about PostgreSQL, and the tests run on MariaDB")
    return postgres


def tables(url: str) -> set[str]:
    return set(sa.inspect(engine(url)).get_table_names())


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
    'INSERT INTO messages (id, conversation_id, seq, "change", sender_id, client_msg_id, type, content, body_hash,'
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


EXACT = """SELECT table_name, column_name, column_type, collation_name FROM information_schema.columns
WHERE table_schema = database() AND table_name <> 'alembic_version'"""


def test_on_mariadb_texts_are_compared_exactly_and_instants_keep_their_microseconds(mariadb: Mariadb, tmp_path: Path):
    url = mariadb.create_database()
    database_command(tmp_path, "upgrade", settings={"DATABASE_URL": url})
    columns = Database(url).rows(EXACT)
    mariadb.drop_database(url)
    assert columns
    loose = [c for c in columns if c.collation_name not in (None, "utf8mb4_nopad_bin", "ascii_bin", "utf8mb4_bin")]
    assert loose == []
    padded = [c for c in columns if c.collation_name == "utf8mb4_bin" and c.column_type != "longtext"]
    assert padded == [], "only JSON is stored as MariaDB likes it"
    assert {c.column_type for c in columns if c.column_type.startswith(("datetime", "timestamp"))} == {"datetime(6)"}
    assert {c.column_type for c in columns if c.column_type.endswith("text")} == {"mediumtext", "longtext"}


def test_two_that_migrate_postgresql_at_once_take_turns(postgresql: Postgres, tmp_path: Path):
    """Both stand before the lock when it is opened, so neither comes late enough to find everything done."""
    url = postgresql.create_database()
    with postgresql.connect(url) as lock, ThreadPoolExecutor() as threads:
        lock.execute("SELECT pg_advisory_lock(4701223)")
        upgrades = [threads.submit(database_command, tmp_path, "upgrade", settings={"DATABASE_URL": url}) for _ in "12"]
        waiting = "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: lock.execute(waiting).fetchone() == (True,), timeout=60)
        assert tables(url) == set()
        lock.execute("SELECT pg_advisory_unlock(4701223)")
        for upgrade in upgrades:
            upgrade.result()
    assert tables(url) == TABLES
    postgresql.drop_database(url)


def test_a_migration_of_postgresql_that_fails_leaves_nothing_behind(postgresql: Postgres, tmp_path: Path):
    url = postgresql.create_database()
    with postgresql.connect(url) as connection:
        connection.execute("CREATE TABLE uploads (of_another_program int)")
    with pytest.raises(AssertionError, match="uploads"):
        database_command(tmp_path, "upgrade", settings={"DATABASE_URL": url})
    assert tables(url) == {"uploads"}
    postgresql.drop_database(url)


def test_two_that_migrate_mariadb_at_once_take_turns(mariadb: Mariadb, tmp_path: Path):
    url = mariadb.create_database()
    settings = {"DATABASE_URL": url}
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(database_command, tmp_path, "upgrade", settings=settings) for _ in range(2)]:
            done.result()
    assert tables(url) == TABLES
    mariadb.drop_database(url)
