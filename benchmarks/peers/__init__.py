"""Servers that do the same work: an event `echo` with its acknowledgement, an event `say` to everybody in a room."""

import os
import sys
from pathlib import Path

import psutil

from benchmarks.build import NODE, binary, install_node_packages
from tests.services.node import node_binary
from tests.services.process import Process
from tests.services.waiting import eventually


def command(kind: str) -> list[str]:
    if kind == "floor":
        return [str(binary("peers/floor"))]
    if kind == "node":
        install_node_packages()
        return [node_binary(), str(NODE / "server.mjs")]
    return [sys.executable, "-W", "ignore", "-m", f"benchmarks.peers.{kind}"]


class Peer(Process):
    """One server process, kept to one processor so that the load client has another for itself."""

    def __init__(self, kind: str, directory: Path, redis_url: str = "", processor: int = 0) -> None:
        self.kind = kind
        self.port = 0  # until it listens: the kernel chooses, so that no other server can be mistaken for it
        processors = sorted(os.sched_getaffinity(0))
        pinned = ["taskset", "-c", str(processors[processor % len(processors)])]
        arguments = ["0", *([redis_url] if redis_url else [])]
        env = {**os.environ, "NODE_ENV": "production"}
        super().__init__([*pinned, *command(kind), *arguments], directory / f"{kind}-{processor}.log", env=env)

    def start(self) -> None:
        super().start()
        self.port = eventually(self.listening_port, timeout=30)

    def listening_port(self) -> int | None:
        self.fail_if_ended()
        sockets = psutil.Process(self.pid).net_connections("tcp4")
        return next((one.laddr.port for one in sockets if one.status == psutil.CONN_LISTEN), None)


def cpu_seconds(process: Process) -> float:
    """User and system time of the process and all that it started, from `/proc/<pid>/stat`, in steps of 10 ms.

    That of children that have ended is in it: PostgreSQL starts a process for each connection.
    """
    process.fail_if_ended()
    return sum(sum(one.cpu_times()[:4]) for one in process.tree())


def kibibytes(process: Process) -> float:
    """Memory that it holds."""
    process.fail_if_ended()
    return sum(one.memory_info().rss for one in process.tree()) / 1024
