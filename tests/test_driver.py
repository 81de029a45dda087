"""Statements by the driver itself, against a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import DataError, OperationalError

from chat_app.driver import FastStatements, array, text_array
from chat_app.settings import Settings
from tests.services.database import Database

TEXTS = [
    "",
    "plain",
    'a "quote"',
    "back\\slash",
    "{braces}, commas",
    "NULL",
    "日本語 🎉",
    " spaces ",
    "line\nbreak\ttab",
]


@pytest.fixture
def statements(database_url: str):
    statements = FastStatements(Settings(database_url=database_url))
    yield statements
    statements.close()


def test_texts_of_all_kinds_arrive_as_they_are(statements: FastStatements):
    assert statements.run(b"SELECT CAST(%s AS text[])", [text_array(TEXTS)]) == [(TEXTS,)]


def test_numbers_and_nothing_arrive_as_they_are(statements: FastStatements):
    assert statements.run(b"SELECT CAST(%s AS bigint[])", [array([1, None, 2**53])]) == [([1, None, 2**53],)]


def test_ids_arrive_as_texts(statements: FastStatements):
    some_id = "01a21bc6-17f0-72cd-befb-662e24c72d8f"
    assert statements.run(b"SELECT CAST(%s AS uuid)", [some_id]) == [(some_id,)]


def test_a_connection_is_used_again_also_after_an_error(statements: FastStatements):
    (before,) = statements.run(b"SELECT pg_backend_pid()", [])
    with pytest.raises(DataError) as refused:
        statements.run(b"SELECT CAST(%s AS uuid[])", [array(["between us"])])
    assert refused.value.params is None
    assert statements.run(b"SELECT pg_backend_pid()", []) == [before]


def test_a_connection_that_was_cut_is_replaced(statements: FastStatements):
    (before,) = statements.run(b"SELECT pg_backend_pid()", [])
    with pytest.raises(OperationalError):
        statements.run(b"SELECT pg_terminate_backend(pg_backend_pid())", [])
    assert statements.run(b"SELECT pg_backend_pid()", []) != [before]


def test_when_one_was_cut_the_other_old_ones_are_not_used_either(statements: FastStatements, database_url: str):
    with ThreadPoolExecutor(3) as threads:
        old = set(threads.map(lambda _: statements.run(b"SELECT pg_backend_pid(), pg_sleep(0.3)", [])[0][0], range(3)))
    assert len(old) == 3
    for pid in old:
        Database(database_url).one("SELECT pg_terminate_backend(:pid)", pid=pid)
    with pytest.raises(OperationalError) as cut:
        statements.run(b"SELECT 1", [])
    assert cut.value.connection_invalidated
    assert statements.run(b"SELECT pg_backend_pid()", [])[0][0] not in old


def test_a_database_that_cannot_be_reached_is_told_of_as_everywhere():
    with pytest.raises(OperationalError):
        FastStatements(Settings(database_url="postgresql://nobody@127.0.0.1:1/none")).run(b"SELECT 1", [])
