"""What takes long to make and is the same for everybody: made once in a run of the tests, then copied."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = "CHATSPHERE_TEST_RUN"
"""The environment variable with the folder of this run; the workers of pytest-xdist inherit it."""


def begin(config: pytest.Config) -> None:
    """Make the folder of this run, unless the run that started this one has one."""
    if FOLDER not in os.environ:
        folder = tempfile.mkdtemp(prefix="chatsphere-run-")
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        os.environ[FOLDER] = folder
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True))


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` as `make` filled it, in whichever process needed it first; the others wait.

    Copy from it and change nothing in it.
    """
    run = Path(os.environ[FOLDER])
    target = run / name
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unfinished = run / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(target)
    return target
