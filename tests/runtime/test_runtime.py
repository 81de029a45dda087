"""Each check runs in a Python of its own: the test process must stay as it is."""

import os
import subprocess
import sys

import pytest

from chat_app import runtime
from tests.services.process import ROOT


def python(source: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    return subprocess.run([sys.executable, "-c", source], env=variables, capture_output=True, text=True, timeout=30)


def answer(source: str, **env: str) -> str:
    result = python(source, **env)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout.strip()


def test_patching_twice_makes_the_process_green_without_a_word():
    source = (
        "from chat_app import runtime; runtime.patch(); runtime.patch()\n"
        "import os; from eventlet.patcher import is_monkey_patched as patched\n"
        "print(runtime.async_mode(), patched('socket'), os.environ['PSYCOPG_WAIT_FUNC'])"
    )
    assert answer(source) == "eventlet True wait_selector"


def test_threading_mode_leaves_the_standard_library_alone():
    source = (
        "import sys; from chat_app import runtime; runtime.patch()\n"
        "print(runtime.async_mode(), 'eventlet' in sys.modules)"
    )
    assert answer(source, CHAT_ASYNC_MODE="threading") == "threading False"


def test_an_unknown_mode_is_refused_with_the_two_that_exist():
    result = python("from chat_app import runtime; runtime.patch()", CHAT_ASYNC_MODE="gevent")
    assert result.returncode == 1
    assert "must be 'eventlet' or 'threading'" in result.stderr


def test_patching_too_late_for_psycopg_is_an_error():
    result = python("import psycopg; from chat_app import runtime; runtime.patch()")
    assert "must run before psycopg is imported" in result.stderr


def test_importing_the_worker_loads_nothing_that_must_be_patched_first():
    """gunicorn's arbiter imports it before the fork; `chat_app/__init__.py` must not pull in the rest."""
    source = (
        "import sys, chat_app.runtime.gunicorn_worker\n"
        "print(sorted({'flask', 'psycopg', 'sqlalchemy', 'redis', 'socketio', 'celery'} & set(sys.modules)))"
    )
    assert answer(source) == "[]"


def test_a_process_that_was_not_patched_runs_blocking_work_directly():
    assert runtime.async_mode() == "threading"
    assert runtime.run_blocking(int, "12", base=3) == 5


def test_errors_of_blocking_work_are_raised_to_the_caller():
    source = (
        "from chat_app import runtime; runtime.patch()\n"
        "try: runtime.run_blocking(int, 'x')\n"
        "except ValueError as error: print(error)"
    )
    assert "invalid literal" in answer(source)


def test_an_error_of_blocking_work_in_threading_mode_too():
    with pytest.raises(ValueError, match="invalid literal"):
        runtime.run_blocking(int, "x")
