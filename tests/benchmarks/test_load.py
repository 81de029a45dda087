"""The load client verifies what it counts: a server that cheats cannot look fast."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.load import Load, LoadFailed, Work
from benchmarks.peers import Peer


class Liar(Peer):
    def __init__(self, lie: str, directory: Path) -> None:
        super().__init__("stock", directory)
        self.command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.liar", "0", lie]


@contextmanager
def load_on(server: Peer) -> Iterator[Load]:
    with ExitStack() as stack:
        stack.callback(server.close)
        server.start()
        load = Load([server.port], connections=4, in_flight=2)
        stack.callback(load.close)
        load.connect()
        yield load


@pytest.mark.parametrize("kind", ["ours", "stock", "floor"])
def test_it_counts_each_delivery_and_each_acknowledgement(kind: str, tmp_path: Path):
    with load_on(Peer(kind, tmp_path)) as load:
        said = load.say(0.05)
        assert said.units > 0
        assert said.units % 4 == 0, "a message counts when all four members have it"
        assert 0 < said.p50 <= said.p99
        assert load.echo(0.05).units > 4
        assert load.disconnect().units == 0
        assert load.connect().units == 4


@pytest.mark.parametrize(
    ("lie", "work", "told"),
    [
        ("twice", lambda load: load.say(1), "was not on its way|arrived twice"),
        ("changed", lambda load: load.say(1), "not what was sent"),
        ("another acknowledgement", lambda load: load.echo(1), "acknowledged"),
    ],
)
def test_it_fails_when_the_server_lies(lie: str, work: Callable[[Load], Work], told: str, tmp_path: Path):
    with load_on(Liar(lie, tmp_path)) as load, pytest.raises(LoadFailed, match=told):
        work(load)


def test_it_fails_when_a_connection_is_lost(tmp_path: Path):
    peer = Peer("floor", tmp_path)
    with load_on(peer) as load:
        peer.kill()
        with pytest.raises(LoadFailed, match="ended a connection"):
            load.say(0.1)
