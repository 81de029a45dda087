import sys
from pathlib import Path

import pytest

from tests.services.process import Process, ProcessFailed, is_gone
from tests.services.waiting import eventually


def python(source: str, directory: Path) -> Process:
    process = Process([sys.executable, "-c", source], directory / "log")
    process.start()
    return process


def test_kill_takes_the_children_too(tmp_path: Path):
    process = python("import subprocess; subprocess.run(['sleep', '60'])", tmp_path)
    tree = eventually(lambda: (found := process.tree())[1:] and found)
    process.close()
    assert eventually(lambda: all(is_gone(part) for part in tree))


def test_a_process_that_ignores_term_fails_the_test_with_its_log(tmp_path: Path):
    process = python(
        "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); print('deaf', flush=True); s.pause()",
        tmp_path,
    )
    eventually(lambda: "deaf" in process.log_tail())
    with pytest.raises(ProcessFailed, match="deaf"):
        process.terminate(timeout=0.3)
    process.close()


def test_one_that_ended_is_told_with_its_log(tmp_path: Path):
    process = python("raise SystemExit('no such setting')", tmp_path)
    eventually(lambda: not process.running)
    with pytest.raises(ProcessFailed, match="no such setting"):
        process.fail_if_ended()
    process.close()


def test_waiting_tells_the_last_outcome():
    with pytest.raises(AssertionError, match=r"Not within 0.1 s. The last outcome was: \[\]"):
        eventually(list, timeout=0.1)
