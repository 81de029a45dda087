"""What takes long to make and is the same for everybody: made once in a run of the tests, then copied."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

FOLDER = "CHATSPHERE_TEST_RUN"
"""The environment variable with the folder of this run; the workers of pytest-xdist inherit it."""


def folder() -> Path:
    """Of this run; made by whoever asks first, and removed at its end."""
    if FOLDER not in os.environ:
        made = tempfile.mkdtemp(prefix="chatsphere-run-")
        os.chmod(made, 0o755)  # PostgreSQL runs as another user
        os.environ[FOLDER] = made
        atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(os.environ[FOLDER])


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` as `make` filled it, in whichever process needed it first; the others wait.

    Copy from it and change nothing in it.
    """
    run = folder()
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
