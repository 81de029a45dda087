"""The load client of the chat protocol: `chat.c` as a process that obeys one command at a time."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.load import Commands
from benchmarks.seed import Seed


class ChatWork(NamedTuple):
    """What the client did and verified."""

    units: int
    """Messages that were acknowledged and that every member has; or connections that are ready."""
    wall: float
    """Seconds."""
    p50: float
    p99: float
    """Microseconds from sending a message until it is done."""
    client_cpu: float
    """Seconds: the client must not be what limits the server."""
    deliveries: int
    """Messages received, by whomever."""
    marks: int
    """Watermarks told to the server."""
    receipts: int
    """Receipts received."""
    early: int
    """Messages received before one of a lower `seq`; clients sort them."""


class Line(NamedTuple):
    """Of a transcript: who says it (an index of the people), which earlier line it answers (or -1), what it says."""

    person: int
    reply_to: int
    text: str


class Chat(Commands[ChatWork]):
    """The people of a seed as clients of `ports`; `lines` is the transcript that `replay` plays in the first talk."""

    def __init__(self, ports: Sequence[int], seed: Seed, plan: Path, lines: Sequence[Line] = ()) -> None:
        write_plan(plan, seed, lines)
        super().__init__("load/chat", [",".join(map(str, ports)), str(plan)], ChatWork)

    def connect(self, at_once: int = 10) -> ChatWork:
        return self._do(f"connect {at_once}")

    def resume(self, at_once: int, busy: int, missed: int) -> ChatWork:
        """The same, then `sync` of the last `missed` messages of each of one's first `busy` conversations."""
        return self._do(f"resume {at_once} {busy} {missed}")

    def send(self, seconds: float, in_flight: int = 1) -> ChatWork:
        """As fast as it goes, with so many messages on their way in each conversation."""
        return self._do(f"send {seconds} {in_flight}")

    def offer(self, seconds: float, rate: float) -> ChatWork:
        """`rate` messages a second in all."""
        return self._do(f"offer {seconds} {rate}")

    def replay(self, in_flight: int) -> ChatWork:
        return self._do(f"replay {in_flight}")

    def disconnect(self) -> ChatWork:
        return self._do("close")


def write_plan(path: Path, seed: Seed, lines: Sequence[Line]) -> None:
    """The file that `chat.c` reads."""
    with path.open("w", encoding="utf-8") as plan:
        for person in seed.people:
            plan.write(f"person {person.id} {person.token}\n")
        for talk in seed.talks:
            members = " ".join(map(str, talk.members))
            plan.write(f"conversation {talk.id} {talk.last_seq} {len(talk.members)} {members}\n")
        for line in lines:
            plan.write(f"line {line.person} {line.reply_to} {json.dumps(line.text, ensure_ascii=False)}\n")
