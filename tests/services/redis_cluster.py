"""A real Redis Cluster (Valkey): three masters, and a replica of the first that takes over when it dies."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from redis.crc import key_slot

from tests.services.process import free_port
from tests.services.redis import Redis
from tests.services.waiting import eventually

SLOTS = 16384
NODE_TIMEOUT = "1000"
"""Milliseconds until a node counts as dead."""


class RedisCluster:
    """Up in about three seconds."""

    def __init__(self, directory: Path, *, masters: int = 3) -> None:
        self.nodes = [self._node(directory / f"node-{number}") for number in range(masters + 1)]
        self.masters, self.replica = self.nodes[:-1], self.nodes[-1]

    @staticmethod
    def _node(directory: Path) -> Redis:
        directory.mkdir(parents=True)
        return Redis(
            directory,
            *("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--cluster-node-timeout", NODE_TIMEOUT),
            *("--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"),
        )

    @property
    def url(self) -> str:
        """Two nodes are enough to find the rest."""
        return f"redis+cluster://127.0.0.1:{self.nodes[1].port},127.0.0.1:{self.nodes[2].port}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        size = SLOTS // len(self.masters)
        for number, node in enumerate(self.masters):
            last = SLOTS - 1 if node is self.masters[-1] else (number + 1) * size - 1
            self.tell(node, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            self.tell(node, "CLUSTER", "ADDSLOTSRANGE", number * size, last)
        first = self.masters[0]
        for node in self.nodes[1:]:
            bus_port = node.command[node.command.index("--cluster-port") + 1]
            self.tell(first, "CLUSTER", "MEET", "127.0.0.1", node.port, bus_port)
        eventually(lambda: all(self.is_whole(node) for node in self.nodes), timeout=30)
        self.tell(self.replica, "CLUSTER", "REPLICATE", self.name_of(first))
        eventually(lambda: "slave" in self.tell(first, "CLUSTER", "REPLICAS", self.name_of(first))[0], timeout=30)

    def close(self) -> None:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.callback(node.close)

    def tell(self, node: Redis, *command: Any) -> Any:
        with node.client() as client:
            connection = client.connection_pool.get_connection()
            connection.send_command(*command)
            return connection.read_response()

    def name_of(self, node: Redis) -> str:
        name: str = self.tell(node, "CLUSTER", "MYID")
        return name

    def is_whole(self, node: Redis) -> bool:
        told = self.tell(node, "CLUSTER", "INFO")
        return "cluster_state:ok" in told and f"cluster_known_nodes:{len(self.nodes)}" in told

    def owner(self, key: bytes) -> Redis:
        """The master that has this key's slot."""
        slot = key_slot(key)
        for first, last, (_, port, *_), *_ in self.tell(self.masters[-1], "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == port)
        raise LookupError(f"slot {slot} is nobody's")

    def move(self, key: bytes, to: Redis) -> None:
        """Give the slot of a key, which has to be empty, to another master."""
        owner, name = self.owner(key), self.name_of(to)
        for node in (to, owner, *self.masters):
            self.tell(node, "CLUSTER", "SETSLOT", key_slot(key), "NODE", name)
        eventually(lambda: self.owner(key) is to)
