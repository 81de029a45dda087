"""The load client of the chat protocol verifies what it counts: a server that cheats cannot look fast."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks import durable
from benchmarks.load import LoadFailed
from benchmarks.load.chat import Chat, Line
from benchmarks.peers import Peer
from benchmarks.seed import Person, Seed, Talk
from benchmarks.turns import SAMPLE
from chat_app.ids import new_id


class Liar(Peer):
    def __init__(self, lie: str, directory: Path) -> None:
        super().__init__("stock", directory)
        self.command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.chat_liar", "0", lie]


@contextmanager
def talking(lie: str, directory: Path, lines: list[Line] | None = None) -> Iterator[Chat]:
    ids = [new_id() for _ in range(4)]
    seed = Seed([Person(one, one) for one in ids], [Talk(new_id(), range(4), 0)])
    with ExitStack() as stack:
        server = Liar(lie, directory)
        stack.callback(server.close)
        server.start()
        chat = Chat([server.port], seed, directory / "plan", lines or [])
        stack.callback(chat.close)
        chat.connect()
        yield chat


def test_it_counts_messages_deliveries_and_receipts(tmp_path: Path):
    with talking("none", tmp_path) as chat:
        sent = chat.send(0.5, in_flight=2)
        assert sent.units > 0
        assert sent.deliveries == 4 * sent.units
        assert sent.marks > 0
        assert sent.early == 0
        assert sent.receipts == 4 * sent.marks
        assert 0 < sent.p50 <= sent.p99
        assert chat.offer(0.5, rate=20).units == 10
        chat.disconnect()
        assert chat.connect().units == 4


def test_a_transcript_is_played_in_its_order_and_again(tmp_path: Path):
    people, lines = durable.transcript(SAMPLE)
    lines = [line._replace(person=line.person % 4, reply_to=-1) for line in lines]
    assert people > 4
    with talking("none", tmp_path, lines) as chat:
        for _ in range(2):
            played = chat.replay(8)
            assert (played.units, played.deliveries) == (len(lines), 4 * len(lines))


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ("twice", "not on its way|received message"),
        ("a gap", "a gap: message 4|after all up to 3"),
        ("another text", "not what was sent"),
        ("another acknowledgement", "not what was sent|about another message"),
        ("refused", "refused"),
        ("an impossible receipt", "an impossible receipt"),
    ],
)
def test_it_fails_when_the_server_lies(lie: str, told: str, tmp_path: Path):
    with talking(lie, tmp_path) as chat, pytest.raises(LoadFailed, match=told):
        chat.send(1)


def test_it_waits_for_receipts_that_do_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATIENCE", "1")
    with talking("no receipts", tmp_path) as chat, pytest.raises(LoadFailed, match="0 messages and 0 marks under way"):
        chat.send(0.5)
