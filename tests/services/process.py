"""A child process with its log, and the ways a test may disturb it."""

import atexit
import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.services import guard
from tests.services.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
STARTED: list["Process"] = []


class ProcessFailed(RuntimeError):
    """A part did not start, or ended by itself, or would not end; the text ends with its log."""


class Process:
    """Start with :meth:`start`; may be stopped and started again, always with the same command and port.

    `user` is a numeric uid to run as. Output goes to the file `log`, appended over restarts.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        user: int | None = None,
    ) -> None:
        self.command = list(command)
        self.log = log
        self.env = dict(env if env is not None else os.environ)
        self.cwd = cwd
        self.user = user
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the kinds of parts return only when they answer."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        if self.child is not None:
            guard.forget(self.child.pid)
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user is not None else None,
            )
        guard.watch(self.child.pid)
        if self not in STARTED:
            STARTED.append(self)

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self) -> int:
        if self.child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.child.pid

    def tree(self) -> list[psutil.Process]:
        """The process and all its descendants, the parent first."""
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @property
    def memory(self) -> float:
        """What it and its descendants hold, in MiB."""
        return float(sum(process.memory_info().rss for process in self.tree()) / 2**20)

    def terminate(self, timeout: float = 15.0) -> int:
        """TERM, as an operator stops it; returns the exit status. Fails if it takes longer than `timeout`."""
        assert self.child is not None
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessFailed(f"{self.name} still ran {timeout:g} s after TERM\n{self.log_tail()}") from None

    def kill(self) -> None:
        """KILL it and everything it started, as the kernel's out-of-memory killer would."""
        if self.child is None:
            return
        tree = self.tree()
        for process in tree:
            signal_if_there(process, signal.SIGKILL)
        self.child.wait(10)
        eventually(lambda: all(is_gone(process) for process in tree), timeout=15, interval=0.01)
        guard.forget(self.child.pid)

    def pause(self) -> None:
        """Freeze it and its children: sockets stay open, nothing answers."""
        for process in self.tree():
            signal_if_there(process, signal.SIGSTOP)

    def resume(self) -> None:
        for process in self.tree():
            signal_if_there(process, signal.SIGCONT)

    def close(self) -> None:
        """End it for good, quickly; for fixtures."""
        self.kill()
        if self in STARTED:
            STARTED.remove(self)

    def log_tail(self, lines: int = 60) -> str:
        if not self.log.exists():
            return ""
        tail = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- the log of {self.name}:", *tail])

    def fail_if_ended(self) -> None:
        if not self.running:
            status = self.child.returncode if self.child else None
            raise ProcessFailed(f"{self.name} ended with {status}\n{self.log_tail()}")


def signal_if_there(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def is_gone(process: psutil.Process) -> bool:
    """Also when it is a zombie: in a container nobody may reap what lost its parent."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def free_port() -> int:
    """A TCP port for a server that may start late, stop and start again.

    Never one that the system gives to outgoing connections, since such a connection would keep the server from it,
    and for each worker of pytest-xdist from a part of its own.
    """
    for _ in range(len(_PORTS)):
        port = next(_ROUND)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ProcessFailed(f"no port from {_PORTS[0]} to {_PORTS[-1]} is free: end what listens there")


def _own_ports() -> range:
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range")
    # Where the file is absent, the system follows RFC 6335.
    end = int(outgoing.read_text().split()[0]) if outgoing.exists() else 49152
    begin = min(10_000, end // 2)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = (end - begin) // workers
    return range(begin + share * mine, begin + share * (mine + 1))


_PORTS = _own_ports()
_ROUND = itertools.islice(itertools.cycle(_PORTS), random.randrange(len(_PORTS)), None)


@atexit.register
def end_all() -> None:
    """Nothing outlives the test run, whatever way it ends."""
    for process in list(STARTED):
        process.close()
