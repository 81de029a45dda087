"""The tests share a machine without disturbing each other, and leave nothing behind however they end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import side_by_side
from tests.services.process import ROOT, Process, is_gone
from tests.services.waiting import eventually

HOOKS = """
import os, time
from pathlib import Path
import pytest
from tests import side_by_side
from tests.side_by_side import (
    pytest_collection_modifyitems, pytest_xdist_auto_num_workers, pytest_xdist_make_scheduler,
)

side_by_side.ALONE = {"test_lonely.py": "of the test", "test_1.py::test_lonely": "of the test"}
LOG = Path(__file__).with_name("log")

def note(line):
    with LOG.open("a") as log:
        log.write(f"{line}\\n")

@pytest.fixture(scope="session")
def service():
    note("service begins")
    yield
    note("service ends")

@pytest.fixture
def noted(service, request):
    note(f"{request.node.name} begins in {os.environ.get('PYTEST_XDIST_WORKER')}")
    yield
    note(f"{request.node.name} ends")
"""
TESTS = "\n".join(f"def test_{{0}}_{name}(noted): pass" for name in "abc")
LONELY = "\ndef test_lonely(noted): pass\n"
CRASHING = "\nimport os\ndef test_lonely_crash(noted): os._exit(3)\ndef test_lonely_after_it(noted): pass\n"
STARTS = """
from pathlib import Path
from tests.services.process import Process

def test_something_that_goes_on():
    process = Process(["sleep", "1000"], Path("sleep.log"))
    process.start()
    Path("pid").write_text(str(process.pid))
    process.child.wait()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    (tmp_path / "conftest.py").write_text(HOOKS)
    return tmp_path


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Who starts the tests in the background lets them, and so all that they start, ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def environment() -> dict[str, str]:
    """As if no worker had started this one."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**mine, "PYTHONPATH": str(ROOT)}


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis", *options]


def run(folder: Path, *options: str) -> tuple[str, list[str]]:
    """What it printed, and the log of the tests."""
    result = subprocess.run(
        command(*options), cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return result.stdout, (folder / "log").read_text().splitlines()


@pytest.mark.parametrize("lonely", [1, 3])
def test_what_must_be_alone_begins_when_all_others_and_their_services_have_ended(folder: Path, lonely: int):
    for number in range(4):
        more = LONELY if number == 1 else ""
        (folder / f"test_{number}.py").write_text(TESTS.replace("{0}", str(number)) + more)
    if lonely > 1:
        (folder / "test_lonely.py").write_text(TESTS.replace("{0}", "lonely").replace("\ndef test_lonely_c", "\n#"))
    printed, log = run(folder, "-n", "3")
    assert f"{12 + lonely} passed" in printed
    begin = next(number for number, line in enumerate(log) if line.startswith("test_lonely"))
    before, after = log[:begin], log[begin:]
    assert sum(" ends" in line for line in before if line.startswith("test_")) == 12
    assert before.count("service begins") - before.count("service ends") <= 1, "only its own worker's"
    assert len({line.split()[-1] for line in after if "begins in" in line}) == 1
    assert after[-1] == "service ends"


def test_a_file_stays_in_one_worker_and_workers_share_the_files(folder: Path):
    for number in range(6):
        (folder / f"test_{number}.py").write_text(TESTS.replace("{0}", str(number)))
    printed, log = run(folder, "-n", "2")
    assert "18 passed" in printed
    begun = [line.split() for line in log if "begins in" in line]
    places = {(words[0].split("_")[1], words[-1]) for words in begun}
    assert len(places) == 6
    assert {worker for _, worker in places} == {"gw0", "gw1"}


def test_without_workers_what_must_be_alone_comes_last(folder: Path):
    (folder / "test_1.py").write_text(LONELY + TESTS.replace("{0}", "1"))
    printed, log = run(folder, "-n", "0")
    assert "4 passed" in printed
    assert log[-2] == "test_lonely ends"


def test_a_worker_that_dies_fails_its_test_and_the_others_still_run(folder: Path):
    (folder / "test_1.py").write_text(TESTS.replace("{0}", "1"))
    (folder / "test_lonely.py").write_text(CRASHING)
    printed, log = run(folder, "-n", "2", "--max-worker-restart", "1")
    assert "crashed while running 'test_lonely.py::test_lonely_crash'" in printed
    assert "test_lonely_after_it ends" in log or "maximum crashed workers reached" in printed


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("interruptible")
def test_whatever_way_it_is_ended_no_process_is_left(folder: Path, workers: str, how: signal.Signals):
    (folder / "test_1.py").write_text(STARTS)
    tests = Process(command("-n", workers), folder / "tests.log", env=environment(), cwd=folder)
    tests.start()
    eventually(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), timeout=60)
    left = [psutil.Process(int((folder / "pid").read_text())), *tests.tree()]
    os.kill(tests.pid, how)
    eventually(lambda: all(map(is_gone, left)), timeout=40)
    tests.close()


def test_each_entry_of_the_tables_is_the_beginning_of_a_test():
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    together = [start for starts in side_by_side.TOGETHER.values() for start in starts]
    for start in [*side_by_side.ALONE, *together, *side_by_side.FIRST]:
        file, _, name = start.partition("::")
        named = [path for path in files if path.startswith(file)]
        assert named, start
        assert not name or re.search(rf"^(def|class) {name}", (ROOT / file).read_text(), re.MULTILINE), start
