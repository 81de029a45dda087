"""Where Redis is: one server, a master that Sentinels know, or a Cluster.

| address | is |
|---|---|
| `redis://…`, `rediss://…`, `unix://…` | one server, as redis-py reads it |
| `redis+sentinel://[user:password@]host:port[,host:port…]/db/service` | the master of a service |
| `redis+cluster://[user:password@]host:port[,host:port…]` | a Redis Cluster; some of its nodes are enough |

`rediss+…` with TLS; what follows a `?` are redis-py's options of a connection.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from chat_app.realtime.transport.shards import TAGS, slot_of_tag

SCHEMES = ("redis", "rediss", "unix")
SEVERAL = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
CLIENT_NAME = "chatsphere-bus"
CONNECT_TIMEOUT, TIMEOUT = 2, 5
Node = tuple[str, int]


@dataclass(frozen=True)
class Address:
    """An address that was read. `nodes` is empty for one server."""

    url: str
    kind: str
    nodes: tuple[Node, ...] = ()

    @property
    def is_cluster(self) -> bool:
        return self.kind == "cluster"


def read_address(url: str) -> Address:
    """Raises ValueError with the reason."""
    scheme = urlsplit(url).scheme
    if scheme in SCHEMES:
        return Address(url, "server")
    if scheme not in SEVERAL:
        raise ValueError(f"starts with {', '.join(f'{one}://' for one in (*SCHEMES, *SEVERAL))}")
    parts = urlsplit(url)
    kind = scheme.partition("+")[2]
    nodes = tuple(_node(one) for one in parts.netloc.rpartition("@")[2].split(","))
    if kind == "sentinel" and len(parts.path.split("/")) != len(("", "db", "service")):
        raise ValueError("ends with /db/service")
    return Address(url, kind, nodes)


def _node(text: str) -> Node:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("names its nodes as host:port,host:port")
    return host.strip("[]"), int(port)


def client_of(address: Address, node: Node | None = None, *, timeout: float = TIMEOUT) -> "redis.Redis":
    """A client of one server: of `node`, or of the one that the address means. It does not try twice."""
    return redis.Redis.from_url(
        _url_of(address, node or _master(address)),
        protocol=3,
        socket_timeout=timeout,
        socket_connect_timeout=CONNECT_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        client_name=CLIENT_NAME,
        maint_notifications_config=_no_maintenance(),
    )


def _no_maintenance() -> Any:
    """redis-py would ask for news that only its own reader understands."""
    from redis.maint_notifications import MaintNotificationsConfig

    return MaintNotificationsConfig(enabled=False)


def _url_of(address: Address, node: Node | None) -> str:
    if node is None:
        return address.url
    parts = urlsplit(address.url)
    user, at, _ = parts.netloc.rpartition("@")
    host = f"[{node[0]}]" if ":" in node[0] else node[0]
    database = parts.path.split("/")[1] if address.kind == "sentinel" else ""
    scheme = parts.scheme.partition("+")[0]
    return SplitResult(scheme, f"{user}{at}{host}:{node[1]}", f"/{database}", parts.query, "").geturl()


def _master(address: Address) -> Node | None:
    if address.kind != "sentinel":
        return None
    parts = urlsplit(address.url)
    options = {"socket_timeout": CONNECT_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT}
    sentinels: Any = Sentinel(address.nodes, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
    found: Node = sentinels.discover_master(parts.path.split("/")[2])
    return found


def owners(address: Address, known: tuple[Node, ...]) -> list[Node]:
    """In a Cluster: the master that each tag of a channel lives at, from the first of the `known` nodes that tells.

    Raises what redis-py raises when none does, or when a part of the slots has no master.
    """
    problem: Exception = redis.ConnectionError("no node of the Cluster is known")
    for node in dict.fromkeys((*known, *address.nodes)):
        try:
            with client_of(address, node, timeout=CONNECT_TIMEOUT) as client:
                return _read_slots(client.connection_pool, node)
        except (redis.RedisError, OSError) as error:
            problem = error
    raise problem


def _read_slots(pool: Any, asked: Node) -> list[Node]:
    connection = pool.get_connection()
    connection.send_command("CLUSTER SLOTS")
    ranges = connection.read_response()
    masters: dict[int, Node] = {}
    tags = {slot_of_tag(tag): tag for tag in range(TAGS)}
    for first, last, (host, port, *_), *_ in ranges:
        name = host.decode() if isinstance(host, bytes) else host or ""
        node = (name if name not in ("", "?") else asked[0], int(port))
        masters.update((tags[slot], node) for slot in range(first, last + 1) if slot in tags)
    if len(masters) < TAGS:
        raise redis.ConnectionError("the Cluster does not serve all of its slots")
    return [masters[tag] for tag in range(TAGS)]
