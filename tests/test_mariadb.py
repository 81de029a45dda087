"""How we connect to MariaDB, what it takes for equal, and what is told when it is silent or too old."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from chat_app import create_app
from chat_app import mariadb as connecting
from chat_app.auth.models import ExternalIdentity
from chat_app.db import broken_rule, database_name, greatest, insert_new, least, now, transaction
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.operations.models import ServerState
from chat_app.settings import Settings, load_settings
from chat_app.users.models import User
from tests.services import deployment as deployments
from tests.services.mariadb import Mariadb


@pytest.fixture(scope="module")
def url(mariadb: Mariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = deployments.fresh_database(mariadb, tmp_path_factory.mktemp("database"))
    yield url
    mariadb.drop_database(url)


@pytest.fixture
def app(url: str, tmp_path: Path) -> Iterator[Flask]:
    settings = load_settings(_env_file=None, data_dir=tmp_path, database_url=url, redis_url="", secret_key="x" * 32)
    app = create_app(settings, role="command")
    with app.app_context():
        yield app
        db.session.remove()
        with transaction() as session:
            for model in (ExternalIdentity, ServerState, User):
                session.execute(sa.delete(model))
        db.engine.dispose()


def add(name: str, **fields: object) -> User:
    user = User(username=name, username_key=name, display_name=name, **fields)
    db.session.add(user)
    db.session.flush()
    return user


def test_names_that_only_a_loose_collation_takes_for_equal_are_different(app: Flask):
    names = ["ada", "Ada", "àda", "ada ", "ａda", "ada\u200b"]
    with transaction():
        for name in names:
            add(name)
    assert set(db.session.scalars(sa.select(User.username_key))) == set(names)
    assert db.session.scalars(sa.select(User.username_key).where(User.username_key == "ada")).all() == ["ada"]


def test_the_key_that_is_taken_is_named_whatever_stands_in_it(app: Flask):
    with transaction():
        add("email_key", email_key="username@key")
    for field in ("username_key", "email_key"):
        with pytest.raises(IntegrityError) as refused, transaction():
            add("email_key" if field == "username_key" else "other", email_key="username@key" * (field == "email_key"))
        assert field in broken_rule(refused.value)


def test_what_is_read_is_what_was_written(app: Flask):
    moment = now().replace(microsecond=123_456)
    with transaction():
        user = add("ada", description="👩🏽‍💻 \\ ' \" % :x\n", last_seen_at=moment)
    db.session.expire_all()
    assert (user.description, user.last_seen_at) == ("👩🏽‍💻 \\ ' \" % :x\n", moment)


def test_a_row_whose_key_is_there_is_not_inserted_and_other_rules_hold(app: Flask):
    with transaction():
        assert insert_new(ServerState, key="a", value="first")
        assert not insert_new(ServerState, key="a", value="second")
        assert insert_new(ServerState, key="A", value="another")
    with pytest.raises(IntegrityError), transaction():
        insert_new(ExternalIdentity, user_id=new_id(), provider="nobody's", subject="x")
    with pytest.raises(DBAPIError), transaction():
        insert_new(ServerState, key="too long for its column" * 5, value="x")


def test_the_greatest_and_the_least_of_a_row(app: Flask):
    assert db.session.execute(sa.select(greatest(1, 3, 2), least(2, 1, 3))).one() == (3, 1)
    assert database_name() == "mariadb"


def test_a_lock_is_not_waited_for_for_ever(url: str):
    engine = sa.create_engine(Settings(database_url=url).database_url, **connecting.engine_options())
    with engine.connect() as connection:
        limits = connection.execute(sa.text("SELECT @@innodb_lock_wait_timeout, @@max_statement_time, @@tx_isolation"))
        assert limits.one() == (connecting.LOCK_SECONDS, connecting.STATEMENT_SECONDS, "READ-COMMITTED")
    engine.dispose()


def test_a_server_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connecting, "SILENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql+pymysql://root@127.0.0.1:{silent.getsockname()[1]}/x"
        began = time.monotonic()
        with pytest.raises(OperationalError):
            sa.create_engine(url, **connecting.engine_options()).connect()
    assert time.monotonic() - began < 10


def test_a_server_that_falls_silent_is_given_up(own_mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connecting, "SILENCE", 1)
    url = own_mariadb.url().replace("mysql://", "mysql+pymysql://")
    engine = sa.create_engine(url, **connecting.engine_options(pool_pre_ping=True))
    with engine.connect() as connection:
        own_mariadb.pause()
        with pytest.raises(OperationalError):
            connection.execute(sa.text("SELECT 1"))
    own_mariadb.resume()
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()


@pytest.mark.parametrize(
    ("is_mariadb", "version", "told"),
    [
        (True, (10, 5, 29), "MariaDB 10.6"),
        (False, (8, 0, 20), "MySQL 8.0.21"),
        (True, (10, 6, 0), None),
        (False, (8, 4, 0), None),
    ],
)
def test_a_server_that_is_too_old_is_refused_by_name(is_mariadb: bool, version: tuple[int, ...], told: str | None):
    class Dialect:
        pass

    class Connection:
        dialect = Dialect()

    Connection.dialect.is_mariadb, Connection.dialect.server_version_info = is_mariadb, version
    if told:
        with pytest.raises(RuntimeError, match=told):
            connecting.refuse_old_server(Connection())
    else:
        connecting.refuse_old_server(Connection())
