"""Reading by key: what a constant statement gives, by SQLAlchemy and, on PostgreSQL, by the driver."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.exc import OperationalError

from chat_app import create_app
from chat_app.conversations.models import Conversation
from chat_app.db import transaction
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.messages.models import Message
from chat_app.reads import among_ids, read
from chat_app.settings import load_settings
from chat_app.users.models import User
from tests.services import deployment as deployments
from tests.services.postgres import Postgres

COLUMNS = (Message.id, Message.content, Message.meta, Message.seq, Message.created_at, Message.edited_at)
BY_IDS = sa.select(*COLUMNS).where(among_ids(Message.id, "ids")).order_by(Message.seq)
BY_SEQ = sa.select(Message.seq).where(Message.seq > sa.bindparam("seq", type_=sa.BigInteger), Message.type != "system")


@pytest.fixture(params=["sqlite", "cluster"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = request.getfixturevalue("database_url") if request.param == "cluster" else ""
    yield from app_on(url, tmp_path)


def app_on(url: str, directory: Path) -> Iterator[Flask]:
    settings = load_settings(_env_file=None, data_dir=directory, database_url=url, redis_url="", secret_key="x" * 32)
    app = create_app(settings, "command")
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def store(*texts: str) -> list[Message]:
    """The messages of a new conversation."""
    name = new_id().replace("-", "")[:20]
    sender = User(id=new_id(), username=name, username_key=name, display_name="Ada")
    talk = Conversation(id=new_id(), kind="group")
    messages = [
        Message(
            id=new_id(),
            conversation_id=talk.id,
            sender_id=sender.id,
            client_msg_id=text,
            content=text,
            type="text",
            body_hash="0" * 32,
            seq=seq,
            change=seq,
            meta={"of": [seq, None, "é"]},
            created_at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        )
        for seq, text in enumerate(texts, 1)
    ]
    with transaction() as session:
        session.add_all([sender, talk])
        session.flush()
        session.add_all(messages)
    return messages


def test_values_have_the_types_of_their_columns(app: Flask):
    (message,) = store("100 % of 'all' \\ {1} 🎉")
    (row,) = read(BY_IDS, ids=[message.id])
    assert (row.id, row.content, row.seq) == (message.id, message.content, 1)
    assert row.meta == {"of": [1, None, "é"]}
    assert (row.created_at, row.edited_at) == (datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), None)


def test_all_the_given_ids_are_found_and_no_others(app: Flask):
    first, second, _third = store("a", "b", "c")
    assert [row.content for row in read(BY_IDS, ids=[second.id, first.id, new_id()])] == ["a", "b"]


def test_of_no_ids_nothing_is_found(app: Flask):
    store("a")
    assert not read(BY_IDS, ids=[])


def test_the_same_statement_answers_other_values(app: Flask):
    store("a", "b")
    assert len(read(BY_SEQ, seq=0)) > len(read(BY_SEQ, seq=1)) > len(read(BY_SEQ, seq=2**40)) == 0


def test_what_was_just_committed_is_read(app: Flask):
    (message,) = store("before")
    read(BY_IDS, ids=[message.id])
    with transaction() as session:
        session.get_one(Message, message.id).content = "after"
    assert read(BY_IDS, ids=[message.id])[0].content == "after"


def test_a_value_that_does_not_fit_is_refused_and_the_next_one_read(app: Flask):
    (message,) = store("a")
    if db.engine.dialect.name == "postgresql":
        with pytest.raises(sa.exc.DataError) as refused:
            read(BY_IDS, ids=["no id"])
        assert refused.value.params is None
    else:
        assert not read(BY_IDS, ids=["no id"])
    assert read(BY_IDS, ids=[message.id])


@pytest.fixture
def own_app(own_postgres: Postgres, tmp_path: Path) -> Iterator[Flask]:
    yield from app_on(deployments.fresh_database(own_postgres, tmp_path), tmp_path)


def test_a_connection_that_was_cut_costs_nobody_a_reading(own_app: Flask, own_postgres: Postgres):
    (message,) = store("a")
    assert read(BY_IDS, ids=[message.id])
    own_postgres.stop()
    own_postgres.start()
    assert read(BY_IDS, ids=[message.id])


def test_while_the_database_is_away_the_reader_is_told(own_app: Flask, own_postgres: Postgres):
    (message,) = store("a")
    own_postgres.stop()
    with pytest.raises(OperationalError):
        read(BY_IDS, ids=[message.id])
    own_postgres.start()
    assert read(BY_IDS, ids=[message.id])
