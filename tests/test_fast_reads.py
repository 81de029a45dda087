"""The bounds of reading by the driver, against a real PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from chat_app.operations.models import ServerState
from chat_app.reads import AT_ONCE, MOST_STATEMENTS, read
from tests.test_reads import app_on

SLOW = sa.select(sa.cast(sa.func.pg_backend_pid(), sa.Integer).label("pid"), sa.func.pg_sleep(0.1).label("slept"))


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    yield from app_on(database_url, tmp_path)


def test_many_who_read_at_once_take_turns_on_few_connections(app: Flask):
    def pid(_: int) -> int:
        with app.app_context():
            (row,) = read(SLOW)
            return int(row.pid)

    with ThreadPoolExecutor(5 * AT_ONCE) as threads:
        pids = list(threads.map(pid, range(5 * AT_ONCE)))
    assert len(set(pids)) == AT_ONCE


def test_statements_that_are_made_anew_each_time_are_refused_and_the_known_ones_go_on(app: Flask):
    known = sa.select(ServerState.key)
    read(known)
    for _ in range(MOST_STATEMENTS - 1):
        read(sa.select(ServerState.key))
    with pytest.raises(RuntimeError, match="make it once, as a constant"):
        read(sa.select(ServerState.key))
    read(known)
