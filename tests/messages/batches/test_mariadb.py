"""The batch against a real MariaDB, where two processes want the same rows at the same moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from chat_app import mariadb as connecting
from chat_app.ids import new_id
from chat_app.messages.batches import batches_for
from chat_app.messages.batches.mariadb import MAX_ATTEMPTS, MariadbBatches
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.settings import Settings
from tests.services import deployment as deployments
from tests.services.database import Database
from tests.services.mariadb import Mariadb
from tests.services.waiting import eventually

ADA, BOB, EVE = new_id(), new_id(), new_id()
ROOM, HALL = sorted((new_id(), new_id()))
DEADLOCKS = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"
LOCKED = "SELECT id FROM conversations WHERE id = :id FOR UPDATE"


@pytest.fixture(scope="module")
def url(mariadb: Mariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = deployments.fresh_database(mariadb, tmp_path_factory.mktemp("database"))
    yield url
    mariadb.drop_database(url)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Ada and Bob are in both conversations, Eve is in none."""
    database = Database(url)
    for person in (ADA, BOB, EVE):
        database.change(
            "INSERT INTO users (id, username, username_key, display_name, role, created_at, updated_at)"
            " VALUES (:id, 'x', :key, 'X', 'member', now(), now())",
            id=person,
            key=person[-12:],
        )
    for conversation in (ROOM, HALL):
        database.change(
            "INSERT INTO conversations"
            "(id, kind, last_seq, last_change, members_rev, member_count, created_at, updated_at)"
            " VALUES (:id, 'group', 0, 0, 1, 2, '2020-01-01', '2020-01-01')",
            id=conversation,
        )
        for person in (ADA, BOB):
            database.change(
                "INSERT INTO conversation_members"
                "(conversation_id, user_id, role, delivered_seq, read_seq, joined_at, removed)"
                " VALUES (:conversation, :person, 'member', 0, 0, now(), false)",
                conversation=conversation,
                person=person,
            )
    yield database
    for table in ("messages", "conversations", "users"):
        database.change(f"DELETE FROM {table}")


@pytest.fixture
def batches(url: str, database: Database) -> Iterator[MariadbBatches]:
    made = batches_for(Settings(database_url=url, message_writers=8))
    assert isinstance(made, MariadbBatches)
    yield made
    made._engine.dispose()


def counters(database: Database) -> dict[str, tuple[int, int]]:
    rows = database.rows("SELECT id, last_seq, last_change FROM conversations")
    return {row.id: (row.last_seq, row.last_change) for row in rows}


def leave(database: Database, person: str) -> None:
    database.change("UPDATE conversation_members SET left_at = now() WHERE user_id = :id", id=person)


def test_each_row_of_a_batch_gets_its_own_outcome(batches: MariadbBatches, database: Database):
    first, again = Draft(ROOM, ADA, "one", "Grüße 👋 \\ ' \" \n%s"), Draft(ROOM, ADA, "one", "else")
    database.change("UPDATE conversation_members SET role = 'read_only' WHERE user_id = :bob", bob=BOB)
    assert batches.store([first]) == {0: Outcome(Status.STORED, 1, 1, 1)}
    outcomes = batches.store(
        [
            again,
            Draft(ROOM, EVE, "two", "hello"),
            Draft(ROOM, BOB, "two", "hello"),
            Draft(ROOM, ADA, "two", "hello", reply_to_id=new_id()),
            Draft(HALL, ADA, "two", "hello", reply_to_id=first.id),
            Draft(new_id(), ADA, "two", "hello"),
            Draft(HALL, ADA, "One", "hello"),
            Draft(ROOM, ADA, "ONE", "hello", reply_to_id=first.id),
            Draft(ROOM, ADA, "three", "hello"),
        ]
    )
    assert outcomes == {
        0: Outcome(Status.KNOWN, message_id=first.id, body_hash=first.body_hash()),
        1: Outcome(Status.NOT_A_MEMBER),
        2: Outcome(Status.READ_ONLY),
        3: Outcome(Status.BAD_REPLY),
        4: Outcome(Status.BAD_REPLY),
        5: Outcome(Status.NOT_A_MEMBER),
        6: Outcome(Status.STORED, 1, 1, 1),
        7: Outcome(Status.STORED, 2, 2, 1),
        8: Outcome(Status.STORED, 3, 3, 1),
    }
    assert counters(database) == {ROOM: (3, 3), HALL: (1, 1)}
    row = database.rows("SELECT content, meta, created_at FROM messages WHERE id = :id", id=first.id)[0]
    assert (row.content, row.meta) == (first.content, "{}")
    assert row.created_at == first.created_at.replace(tzinfo=None)


def test_the_same_key_from_two_processes_at_once_is_known_to_the_second(batches: MariadbBatches, database: Database):
    drafts = [Draft(ROOM, ADA, "once", "hello") for _ in range(8)]
    with ThreadPoolExecutor(8) as processes:
        outcomes = [outcome[0] for outcome in processes.map(lambda draft: batches.store([draft]), drafts)]
    (stored,) = [draft for draft, outcome in zip(drafts, outcomes, strict=True) if outcome.status is Status.STORED]
    known = Outcome(Status.KNOWN, message_id=stored.id, body_hash=stored.body_hash())
    assert [outcome for outcome in outcomes if outcome.status is not Status.STORED] == [known] * 7
    assert counters(database)[ROOM] == (1, 1)


def test_who_is_removed_while_a_batch_waits_for_the_lock_is_refused(batches: MariadbBatches, database: Database):
    with ThreadPoolExecutor(1) as process:
        with database.holding(LOCKED, id=ROOM):  # as whoever changes the members holds it
            batch = process.submit(batches.store, [Draft(ROOM, BOB, "late", "hello"), Draft(ROOM, ADA, "a", "hello")])
            eventually(lambda: database.waiting() == 1)
            leave(database, BOB)
        assert batch.result(10) == {0: Outcome(Status.NOT_A_MEMBER), 1: Outcome(Status.STORED, 1, 1, 1)}


def test_batches_that_meet_in_the_same_conversations_never_deadlock(batches: MariadbBatches, database: Database):
    before = database.one(DEADLOCKS)

    def process(number: int) -> None:
        order = (ROOM, HALL) if number % 2 else (HALL, ROOM)
        for turn in range(25):
            drafts = [Draft(place, (ADA, BOB)[number % 2], f"{number}-{turn}", "hello") for place in order]
            assert {outcome.status for outcome in batches.store(drafts).values()} == {Status.STORED}

    with ThreadPoolExecutor(6) as processes:
        list(processes.map(process, range(6)))
    assert counters(database) == {ROOM: (150, 150), HALL: (150, 150)}
    assert database.one("SELECT count(DISTINCT seq) FROM messages WHERE conversation_id = :id", id=ROOM) == 150
    assert database.one(DEADLOCKS) == before


@contextmanager
def failing(batches: MariadbBatches, monkeypatch: pytest.MonkeyPatch, *numbers: int) -> Iterator[list[Any]]:
    """Each attempt ends with the next of these errors, then it goes well."""
    store, told, left = batches._store, [], list(numbers)

    def _store(drafts: Any) -> Any:
        told.append(drafts)
        if left:
            raise OperationalError("", {}, Exception(left.pop(0), "Deadlock found"))
        return store(drafts)

    with monkeypatch.context() as patch:
        patch.setattr(batches, "_store", _store)
        yield told


def test_what_a_deadlock_ended_is_tried_again_and_not_for_ever(batches: MariadbBatches, monkeypatch):
    draft = Draft(ROOM, ADA, "once", "hello")
    with failing(batches, monkeypatch, *[connecting.DEADLOCK] * (MAX_ATTEMPTS - 1)) as attempts:
        assert batches.store([draft]) == {0: Outcome(Status.STORED, 1, 1, 1)}
    assert len(attempts) == MAX_ATTEMPTS
    with failing(batches, monkeypatch, *[connecting.DEADLOCK] * MAX_ATTEMPTS), pytest.raises(OperationalError):
        batches.store([draft])


def test_a_batch_that_loses_a_deadlock_is_stored_all_the_same(batches: MariadbBatches, database: Database):
    """Somebody changes their account and then a conversation; the batch holds the conversation, and waits for the
    account, which its message refers to. InnoDB ends whoever has written less: the batch."""
    change = sa.text("UPDATE users SET description = :words WHERE id = :id")
    before = database.one(DEADLOCKS)
    with ThreadPoolExecutor(1) as process:
        with database._engine.begin() as other:
            for number in range(50):
                other.execute(change, {"words": str(number), "id": ADA})
            batch = process.submit(batches.store, [Draft(ROOM, ADA, "once", "hello")])
            eventually(lambda: database.waiting() == 1)
            other.execute(sa.text(LOCKED), {"id": ROOM})
        assert batch.result(10) == {0: Outcome(Status.STORED, 1, 1, 1)}
    assert database.one(DEADLOCKS) == before + 1


def test_what_was_written_does_not_stand_in_an_error(batches: MariadbBatches):
    with pytest.raises(SQLAlchemyError) as refused:
        batches.store([Draft(ROOM, ADA, "k" * 65, "between us")])
    assert "between us" not in str(refused.value)
