"""The load clients, written in C, as processes that obey one command at a time; `load.c` is that of the transport."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from benchmarks.build import binary


class Work(NamedTuple):
    """What the client did and verified."""

    units: int
    """Deliveries, acknowledgements or connections."""
    wall: float
    """Seconds."""
    p50: float
    p99: float
    """Microseconds."""
    client_cpu: float
    """Seconds: the client must not be what limits the server."""


class LoadFailed(RuntimeError):
    """Something came that was not expected, or did not come; the text says what."""


W = TypeVar("W")


class Commands(Generic[W]):
    """A program that prints one object of JSON, a `work`, for each line of its input."""

    def __init__(self, program: str, arguments: Sequence[str], work: Callable[..., W]) -> None:
        self._work = work
        processor = str(max(os.sched_getaffinity(0)))
        self._child = subprocess.Popen(
            ["taskset", "-c", processor, binary(program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",  # what came need not be text
        )

    def _do(self, command: str) -> W:
        assert self._child.stdin
        assert self._child.stdout
        assert self._child.stderr
        try:
            self._child.stdin.write(command + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and says why
        line = self._child.stdout.readline()
        if not line:
            raise LoadFailed(f"{command}: {self._child.stderr.read()}")
        return self._work(**json.loads(line))

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()


class Load(Commands[Work]):
    """Connections to `ports`, in `rooms` rooms of equal size; `in_flight` messages at a time in each room."""

    def __init__(self, ports: Sequence[int], connections: int, rooms: int = 1, in_flight: int = 1) -> None:
        shape = [",".join(map(str, ports)), str(connections), str(rooms), str(in_flight)]
        super().__init__("load/load", shape, Work)

    def connect(self) -> Work:
        return self._do("connect")

    def disconnect(self) -> Work:
        return self._do("close")

    def say(self, seconds: float) -> Work:
        return self._do(f"say {seconds}")

    def echo(self, seconds: float) -> Work:
        return self._do(f"echo {seconds}")
