"""The batch statement against a real PostgreSQL, where two processes hold the same key at the same moment."""

import threading

import psycopg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from chat_app.ids import new_id
from chat_app.messages.batches.postgresql import PostgresqlBatches
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.messages.writer import MessageWriter
from chat_app.settings import Settings
from tests.services.waiting import eventually

ADA, ROOM = new_id(), new_id()
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def connection(database_url: str):
    plain = database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO users"
            "(id, username, username_key, email, email_key, display_name, role, created_at, updated_at)"
            " VALUES (%s, 'ada', 'ada', 'a@x', 'a@x', 'Ada', 'member', now(), now())",
            [ADA],
        )
        connection.execute(
            "INSERT INTO conversations"
            "(id, kind, last_seq, last_change, members_rev, member_count, created_at, updated_at)"
            " VALUES (%s, 'group', 0, 0, 1, 1, now(), now())",
            [ROOM],
        )
        connection.execute(
            "INSERT INTO conversation_members"
            "(conversation_id, user_id, role, delivered_seq, read_seq, joined_at, removed)"
            " VALUES (%s, %s, 'owner', 0, 0, now(), false)",
            [ROOM, ADA],
        )
        yield connection
        connection.execute("DELETE FROM messages; DELETE FROM conversations; DELETE FROM users")


@pytest.fixture
def batches(database_url: str):
    batches = PostgresqlBatches(Settings(database_url=database_url))
    yield batches
    batches.close()


def test_the_same_key_from_two_processes_at_once_is_known_to_the_second(connection, batches: PostgresqlBatches):
    writer = MessageWriter(batches, lambda run: threading.Thread(target=run, daemon=True).start())
    outcomes: list[Outcome] = []
    second = threading.Thread(target=lambda: outcomes.append(writer.submit(Draft(ROOM, ADA, "once", "hello"))))
    first = Draft(ROOM, ADA, "once", "hello")
    with psycopg.connect(connection.info.dsn, autocommit=True) as observer, connection.transaction():
        # The first process, in the middle of its statement.
        connection.execute("UPDATE conversations SET last_seq = 1, last_change = 1 WHERE id = %s", [ROOM])
        connection.execute(
            "INSERT INTO messages(id, conversation_id, seq, change, sender_id, client_msg_id, type, content, body_hash,"
            " created_at) VALUES (%s, %s, 1, 1, %s, 'once', 'text', 'hello', %s, now())",
            [first.id, ROOM, ADA, first.body_hash()],
        )
        second.start()
        eventually(lambda: observer.execute(WAITING).fetchone() == (1,))
    second.join(10)
    assert outcomes == [Outcome(Status.KNOWN, message_id=first.id, body_hash=first.body_hash())]
    assert connection.execute("SELECT last_seq, last_change FROM conversations").fetchone() == (1, 1)


def test_what_was_written_does_not_stand_in_an_error(connection, batches: PostgresqlBatches):
    with pytest.raises(SQLAlchemyError) as refused:
        batches.store([Draft("no id", ADA, "key", "between us")])
    assert "between us" not in str(refused.value)
