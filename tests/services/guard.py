"""Ends what a test run started when the run itself is killed and can no longer do it.

A process of its own that reads which process groups there are, one word and number a line, until its input ends:
because the tests are over, or because they were killed. It needs nothing but Python's standard library.
"""

import atexit
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO

_watcher: "subprocess.Popen[str] | None" = None


def watch(group: int) -> None:
    """Kill this process group should we end without :func:`forget`."""
    global _watcher
    if _watcher is None or _watcher.poll() is not None:
        command = [sys.executable, "-S", "-E", __file__]
        _watcher = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
        atexit.register(_dismiss, _watcher)
    _tell(f"watch {group}")


def forget(group: int) -> None:
    """It has ended, or another of its kind may get its number."""
    if _watcher:
        _tell(f"forget {group}")


def _tell(line: str) -> None:
    assert _watcher
    assert _watcher.stdin
    with suppress(BrokenPipeError):
        _watcher.stdin.write(line + "\n")
        _watcher.stdin.flush()


def _dismiss(watcher: "subprocess.Popen[str]") -> None:
    global _watcher
    _watcher = None
    assert watcher.stdin
    watcher.stdin.close()
    watcher.wait()


def guard(lines: IO[str]) -> None:
    groups: set[int] = set()
    for line in lines:
        word, number = line.split()
        (groups.add if word == "watch" else groups.discard)(int(number))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
