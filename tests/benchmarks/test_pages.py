"""The client that reads history verifies each page: a server that leaves something out cannot look fast."""

import random
from typing import Any

import pytest

from benchmarks.load import LoadFailed
from benchmarks.pages import CONTENT, LIMIT, Reader
from benchmarks.seed import Talk

TALK = Talk("a-talk", (0, 1), 1000)


class Stored:
    """Answers as a server does that has the messages, altered by `change`."""

    def __init__(self, change: Any = lambda items: items) -> None:
        self.change = change
        self.asked = ""

    def ask(self, path: str) -> None:
        self.asked = path.rpartition("&")[2]

    def answer(self) -> Any:
        name, _, value = self.asked.partition("=")
        first = int(value) - LIMIT // 2 if name == "around_seq" else int(value)
        items = [self.message(seq) for seq in range(first, first + LIMIT)]
        return {"items": self.change(items), "prev_cursor": first - LIMIT, "next_cursor": first + LIMIT}

    def message(self, seq: int) -> dict[str, Any]:
        same = {"reactions": [], "attachments": [], "deleted_at": None, "created_at": "2026-11-26T12:00:00.000Z"}
        return {"conversation_id": "a-talk", "seq": seq, "change": seq, "content": CONTENT.format(seq), **same}


def read(line: Stored) -> None:
    reader = Reader(line, TALK, random.Random(1))  # type: ignore[arg-type]
    for _ in range(6):
        reader.ask()
        assert reader.read() > 0


def test_it_reads_around_before_and_after():
    read(Stored())


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items[1:],
        lambda items: items[::-1],
        lambda items: [*items[:-1], items[-1] | {"content": "something else"}],
        lambda items: [items[0] | {"conversation_id": "another"}, *items[1:]],
    ],
    ids=["one is missing", "another order", "another text", "another conversation"],
)
def test_it_fails_when_a_page_is_not_what_was_stored(change: Any):
    with pytest.raises(LoadFailed):
        read(Stored(change))
