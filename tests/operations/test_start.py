"""What a process needs from its start to its first answer; benchmarks/start.py measures it beside others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.server import environment

MOST_CPU = 8.0
"""Seconds. It takes one to two; a busy machine with cold caches up to four."""
START = """
import json, os, sys, time
from chat_app.runtime import patch
patch()
began = time.process_time()
from chat_app import create_app
answer = create_app().test_client().get("/health/live")
print(json.dumps([answer.status_code, time.process_time() - began, sorted(sys.modules)]), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, float, set[str]]:
    """The first answer's status, seconds of processor time until then, and the modules that were loaded."""
    command = [sys.executable, "-W", "ignore", "-c", START]
    directory: Path = tmp_path_factory.mktemp("start")
    told = subprocess.run(command, env=environment(directory), stdout=subprocess.PIPE, check=True, timeout=110)
    status, seconds, modules = json.loads(told.stdout.splitlines()[-1])
    return status, seconds, set(modules)


def test_the_first_answer_comes_soon(started: tuple[int, float, set[str]]):
    status, seconds, _ = started
    assert status == 200
    assert seconds < MOST_CPU


@pytest.mark.parametrize("name", ["alembic", "flask_migrate", "authlib", "joserfc", "flower", "openai", "hypothesis"])
def test_what_a_server_may_never_need_is_not_loaded(name: str, started: tuple[int, float, set[str]]):
    assert name not in started[2]
