"""Committing: everything or nothing, and what is held leaves after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from chat_app import create_app
from chat_app.db import after_commit, insert_new, touched, transaction
from chat_app.extensions import db
from chat_app.operations.models import ServerState
from chat_app.settings import load_settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    settings = load_settings(_env_file=None, data_dir=tmp_path, database_url="", redis_url="", secret_key="x" * 32)
    app = create_app(settings, role="command")
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.engine.dispose()


def keys() -> list[str]:
    return sorted(db.session.scalars(sa.select(ServerState.key)))


def add(key: str) -> None:
    db.session.add(ServerState(key=key, value="x"))


def test_what_is_held_runs_after_the_commit_in_order(app: Flask):
    told = []
    with transaction():
        add("a")
        after_commit(lambda: told.append(keys()))
        after_commit(told.append, "second")
        assert told == []
    assert told == [["a"], "second"]


def test_a_rollback_drops_what_is_held(app: Flask):
    told = []

    def fail() -> None:
        with transaction():
            add("a")
            after_commit(told.append, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with transaction():
        add("b")
    assert (told, keys()) == ([], ["b"])


def test_a_savepoint_that_was_rolled_back_tells_nothing_by_itself(app: Flask):
    told = []
    with transaction():
        nested = db.session.begin_nested()
        add("a")
        after_commit(told.append, "held until the end")
        nested.rollback()
        assert told == []
        add("b")
    assert (told, keys()) == (["held until the end"], ["b"])


def test_a_push_that_fails_is_no_failure_of_the_write_nor_of_the_next_push(app: Flask):
    told = []
    with transaction():
        add("a")
        after_commit(lambda: 1 / 0)
        after_commit(told.append, "next")
    assert (told, keys()) == (["next"], ["a"])


def test_a_commit_that_fails_tells_nothing(app: Flask):
    told = []

    def add_with_news() -> None:
        with transaction():
            after_commit(told.append, "news")
            add("a")

    add_with_news()
    db.session.expunge_all()
    with pytest.raises(sa.exc.IntegrityError):
        add_with_news()
    assert told == ["news"]


def test_a_service_may_not_commit_on_its_own(app: Flask):
    with pytest.raises(RuntimeError, match="at the edge"), transaction(), transaction():
        pass
    with transaction():
        add("a")
    assert keys() == ["a"]


def test_outside_of_a_transaction_it_leaves_at_once(app: Flask):
    told = []
    after_commit(told.append, "now")
    assert told == ["now"]


def test_touched_counts_the_rows(app: Flask):
    with transaction():
        assert touched(sa.insert(ServerState).values(key="a", value="x")) == 1
        assert touched(sa.delete(ServerState)) == 1
        assert touched(sa.delete(ServerState)) == 0


def test_a_row_whose_key_is_there_is_not_inserted(app: Flask):
    with transaction():
        assert insert_new(ServerState, key="a", value="first")
        assert not insert_new(ServerState, key="a", value="second")
    assert keys() == ["a"]
