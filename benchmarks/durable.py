"""The real thing: authenticated, validated, checked, committed to PostgreSQL, acknowledged, delivered, receipts and
Redis on. What counts is the processor time of the server, its PostgreSQL, its Redis and its Celery worker together.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import LoadFailed
from benchmarks.load.chat import Chat, ChatWork, Line
from benchmarks.report import Sample
from benchmarks.stack import Stack, Template, seeded, standing
from benchmarks.turns import Options, Outcome, Targets, kinds, rounds

LONGER = 4
"""Times that a round is longer than one of the transport: commits are slower than echoes."""
MANY, AT_ONCE, OFFERED = 128, 128, 500
"""Conversations of two; messages at once in one conversation (the load client's bound); messages a second."""
ROOM = 500
REPLAYED_AT_ONCE = 32
SATURATED: Targets = {"node": 0.5, "node-batched": 1.1, "fastapi": 0.1}


def send(options: Options, outcome: Outcome) -> None:
    """Messages between two people, with their receipts, PostgreSQL and Redis."""
    talks = [(2 * one, 2 * one + 1) for one in range(options.connections(MANY))]
    seconds, rate = LONGER * options.seconds, OFFERED * options.scale
    at_once = options.connections(AT_ONCE)
    with seeded(2 * len(talks), talks) as template:
        bench = Bench("send", f"CPU µs per message, {MANY} at once", SATURATED)
        bench.run(options, outcome, template, lambda chat: chat.send(seconds))
        bench = Bench("send", f"CPU µs per message, {OFFERED} a second", {"node": 1.3, "node-batched": None})
        bench.run(options, outcome, template, lambda chat: chat.offer(seconds, rate))
    with seeded(2, [(0, 1)]) as template:
        unit = f"CPU µs per message, {AT_ONCE} at once in one conversation"
        bench = Bench("send", unit, {"node": 0.25, "node-batched": None})
        bench.run(options, outcome, template, lambda chat: chat.send(seconds, at_once))


def room(options: Options, outcome: Outcome) -> None:
    """The same in one room of 500, two messages in flight."""
    members = options.connections(ROOM)
    unit = f"CPU µs per delivery, {ROOM} members"
    bench = Bench("room", unit, {"node": 0.5, "node-batched": None}, lambda work: work.deliveries)
    with seeded(members, [range(members)]) as template:
        bench.run(options, outcome, template, lambda chat: chat.send(LONGER * options.seconds, 2))


def replay(options: Options, outcome: Outcome) -> None:
    """A transcript of a channel as fast as it goes, all its people listening: `--transcript`."""
    people, lines = transcript(options.transcript)
    unit = f"CPU µs per message of {len(lines)}, {people} people"
    bench = Bench("replay", unit, {"node": 0.5, "node-batched": None}, lines=lines)
    with seeded(people, [range(people)]) as template:
        bench.run(options, outcome, template, lambda chat: chat.replay(REPLAYED_AT_ONCE))


def transcript(path: Path) -> tuple[int, list[Line]]:
    """How many people talk in a transcript (`flask replay` has its form), and what they say."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    said = [row for row in rows if row["type"] != "system" and row["text"].strip()]
    people = {name: number for number, name in enumerate(dict.fromkeys(row["user"] for row in said))}
    places = {row["n"]: number for number, row in enumerate(said)}
    lines = [Line(people[row["user"]], places.get(row["reply_to"], -1), row["text"]) for row in said]
    return len(people), lines


@dataclass(frozen=True)
class Bench:
    """One row against each peer of `targets`. `units` are what the cost is divided by."""

    name: str
    unit: str
    targets: Targets
    units: Callable[[ChatWork], int] = lambda work: work.units
    lines: Sequence[Line] = ()

    def run(self, options: Options, outcome: Outcome, template: Template, work: Callable[[Chat], ChatWork]) -> None:
        """All peers stand with everybody connected, and have worked once so that what is hot is compiled."""
        with ExitStack() as stack:
            turns: dict[str, Callable[[], Sample]] = {}
            for kind in kinds(self.targets, options):
                peer = stack.enter_context(standing(kind, template))
                chat = stack.enter_context(_talking(peer, template, self.lines))
                do = _in_order(kind, lambda chat=chat: work(chat))
                do()
                peer.settle()
                turns[kind] = lambda peer=peer, do=do: self._turn(peer, do)
            title = f"{self.name}, {self.unit}"
            outcome.add(self.name, self.unit, rounds(title, options, turns), self.targets)

    def _turn(self, peer: Stack, work: Callable[[], ChatWork]) -> Sample:
        before = peer.cpu_seconds
        done = work()
        peer.settle()
        return Sample((peer.cpu_seconds - before) / self.units(done) * 1e6, done.p50, done.p99)


def _in_order(kind: str, work: Callable[[], ChatWork]) -> Callable[[], ChatWork]:
    """Ours must bring each message after those of a lower `seq`, to everybody. Others may not."""

    def checked() -> ChatWork:
        try:
            done = work()
        except LoadFailed as problem:
            raise LoadFailed(f"{kind}: {problem}") from None
        if kind == "ours" and done.early:
            raise RuntimeError(f"{done.early} of {done.deliveries} messages of ours overtook others")
        return done

    return checked


@contextmanager
def _talking(peer: Stack, template: Template, lines: Sequence[Line]) -> Iterator[Chat]:
    chat = Chat([peer.port], template.seed, peer.directory / "plan", lines)
    try:
        chat.connect()
        yield chat
    finally:
        chat.close()
