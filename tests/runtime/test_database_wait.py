"""How psycopg waits in a green process, against a real PostgreSQL. Each check runs in a Python of its own."""

import pytest

from tests.runtime.test_runtime import answer
from tests.services.postgres import Postgres

BEGIN = """
from chat_app import runtime; runtime.patch()
import os, eventlet, psycopg
from psycopg import errors, waiting
connection = psycopg.connect(os.environ["DATABASE"], autocommit=True)
"""


@pytest.fixture
def green(postgres: Postgres):
    return lambda source: answer(BEGIN + source, CHAT_ASYNC_MODE="eventlet", DATABASE=postgres.url())


def test_the_others_go_on_while_a_statement_runs(green):
    source = """
ticks = []
def tick():
    while True:
        ticks.append(1); eventlet.sleep(0.001)
eventlet.spawn(tick)
connection.execute("SELECT pg_sleep(0.2)")
print(waiting.wait.__name__, len(ticks) > 5)
"""
    assert green(source) == "wait_on_hub True"


def test_much_goes_there_and_comes_back(green):
    source = """
text = "x" * 9_000_000
((back,),) = connection.execute("SELECT %s::text", [text]).fetchall()
print(back == text)
"""
    assert green(source) == "True"


def test_the_time_out_of_a_wait_is_kept_and_the_connection_works_on(green):
    source = """
try:
    for notice in connection.notifies(timeout=0.05): print(notice)
    print("in time")
finally:
    print(connection.execute("SELECT 1").fetchone())
"""
    assert green(source) == "in time\n(1,)"


def test_a_connection_that_is_cut_in_the_middle_raises_where_it_waits(green):
    source = """
number = connection.info.backend_pid
def cut():
    with psycopg.connect(os.environ["DATABASE"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [number])
eventlet.spawn_after(0.05, cut)
try:
    connection.execute("SELECT pg_sleep(20)")
except errors.OperationalError as error:
    print(type(error).__name__, connection.closed)
"""
    assert green(source) == "AdminShutdown True"


def test_statements_of_many_greenlets_do_not_mix(green):
    source = """
connections = [psycopg.connect(os.environ["DATABASE"], autocommit=True) for _ in range(5)]
def ask(number):
    wanted = [number * 100 + turn for turn in range(20)]
    return wanted == [
        connections[number].execute("SELECT %s, pg_sleep(0.001)", [one]).fetchone()[0] for one in wanted
    ]
print([task.wait() for task in [eventlet.spawn(ask, number) for number in range(5)]])
"""
    assert green(source) == "[True, True, True, True, True]"
