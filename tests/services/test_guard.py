"""The watcher kills what is left of a run, and nothing that had ended before."""

import io
import subprocess
from collections.abc import Iterator

import pytest

from tests.services import guard
from tests.services.waiting import eventually


@pytest.fixture
def groups() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Three processes, each with a group of its own."""
    started = [subprocess.Popen(["sleep", "1000"], start_new_session=True) for _ in range(3)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_it_kills_the_groups_that_were_not_forgotten(groups: list["subprocess.Popen[bytes]"]):
    left, forgotten, unknown = groups
    guard.guard(io.StringIO(f"watch {left.pid}\nwatch {forgotten.pid}\nforget {forgotten.pid}\n"))
    assert eventually(lambda: left.poll() == -9)
    assert forgotten.poll() is None
    assert unknown.poll() is None


def test_a_group_that_is_gone_does_not_stop_it(groups: list["subprocess.Popen[bytes]"]):
    gone, left, _ = groups
    gone.kill()
    gone.wait()
    guard.guard(io.StringIO(f"watch {gone.pid}\nwatch {left.pid}\n"))
    assert eventually(lambda: left.poll() == -9)
