"""`make bench-servers`: ours beside ejabberd and Matrix Synapse: stored, acknowledged and delivered, with PostgreSQL.

Their clients are in Python: those servers cost so much more than a client that it does not matter, and only the
servers' own processor time counts. Figures go beside the others (docs/performance.md).
"""

import argparse
import asyncio
import itertools
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from benchmarks.load import LoadFailed
from benchmarks.load.chat import Chat
from benchmarks.report import RESULTS, Sample, keep, table
from benchmarks.servers import matrix, xmpp
from benchmarks.servers.installed import CannotInstall, Ejabberd, Installed, ejabberd, install, synapse
from benchmarks.stack import SECRET, Stack, seeded, standing
from benchmarks.turns import Options, Outcome, Targets, rounds

PAIRS, ROOM = 20, 150
TARGETS: dict[str, Targets] = {"send": {"ejabberd": 0.4, "synapse": 0.01}, "room": {"ejabberd": 0.2}}
_numbers = itertools.count()
Turn = Callable[[], Sample]
P = TypeVar("P")


def measured(peer: Stack | Installed, work: Callable[[], tuple[int, Sequence[float]]], settle: float) -> Sample:
    """`work` answers how many units it did, and the latencies in microseconds."""
    before = peer.cpu_seconds
    units, times = work()
    time.sleep(settle)
    took = sorted(times)
    cost = (peer.cpu_seconds - before) / units * 1e6
    return Sample(cost, took[len(took) // 2], took[len(took) * 99 // 100])


class Loop:
    """Runs coroutines on one event loop of its own, between which its connections stay open."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Awaitable[object]) -> object:
        return self._loop.run_until_complete(asyncio.wait_for(work, 600))

    def close(self) -> None:
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()


async def say_for(seconds: float, speakers: Sequence[Callable[[str], Awaitable[None]]]) -> tuple[int, list[float]]:
    """Everybody says one thing after the other; each is done when it was acknowledged and has arrived."""
    times: list[float] = []
    ends = time.perf_counter() + seconds

    async def speak(say: Callable[[str], Awaitable[None]]) -> None:
        while (began := time.perf_counter()) < ends:
            await say(f"k{next(_numbers)}")
            times.append((time.perf_counter() - began) * 1e6)

    await asyncio.gather(*map(speak, speakers))
    return len(times), times


def pairs_of(persons: Sequence[P]) -> list[tuple[P, P]]:
    return list(zip(persons[::2], persons[1::2], strict=True))


# -- ours ------------------------------------------------------------------------------------------------


@contextmanager
def ours(people: int, talks: Sequence[Sequence[int]], seconds: float, *, per_delivery: bool) -> Iterator[Turn]:
    with ExitStack() as stack:
        template = stack.enter_context(seeded(people, talks))
        peer = stack.enter_context(standing("ours", template))
        chat = Chat([peer.port], template.seed, peer.directory / "plan")
        stack.callback(chat.close)
        chat.connect()

        def turn() -> Sample:
            before = peer.cpu_seconds
            done = chat.send(seconds, 1)
            peer.settle()
            units = done.deliveries if per_delivery else done.units
            return Sample((peer.cpu_seconds - before) / units * 1e6, done.p50, done.p99)

        yield turn


# -- theirs ----------------------------------------------------------------------------------------------


@contextmanager
def on_ejabberd(people: int, seconds: float, *, room: bool) -> Iterator[Turn]:
    with ExitStack() as stack:
        peer = stack.enter_context(ejabberd())
        loop = Loop()
        stack.callback(loop.close)
        persons = [xmpp.Person(f"p{number}") for number in range(people)]
        loop.run(_arrive(peer, persons, "lunch" if room else ""))
        speakers = [_in_room(persons)] if room else [_in_pair(*pair) for pair in pairs_of(persons)]

        def turn() -> Sample:
            def work() -> tuple[int, list[float]]:
                units, times = loop.run(say_for(seconds, speakers))  # type: ignore[misc]
                return units * (people if room else 1), times

            return measured(peer, work, 1.3)

        yield turn
        loop.run(_leave(persons))


async def _arrive(peer: Ejabberd, persons: Sequence[xmpp.Person], room: str) -> None:
    for person in persons:
        await asyncio.to_thread(peer.register, person.name)
        await person.connect(peer.port, "secret")
    for person in persons if room else []:
        await person.join(room)
        await person.joined()


async def _leave(persons: Sequence[xmpp.Person]) -> None:
    for person in persons:
        person.close()


def _in_pair(one: xmpp.Person, other: xmpp.Person) -> Callable[[str], Awaitable[None]]:
    async def say(key: str) -> None:
        one.say(f"{other.name}@{xmpp.HOST}", key)
        await asyncio.gather(one.acknowledged(), other.until(key))

    return say


def _in_room(persons: Sequence[xmpp.Person]) -> Callable[[str], Awaitable[None]]:
    turns = itertools.cycle(persons)

    async def say(key: str) -> None:
        speaker = next(turns)
        speaker.say(f"lunch@conference.{xmpp.HOST}", key, "groupchat")
        await asyncio.gather(speaker.acknowledged(), *(person.until(key) for person in persons))

    return say


@contextmanager
def on_synapse(people: int, seconds: float) -> Iterator[Turn]:
    with ExitStack() as stack:
        peer = stack.enter_context(synapse())
        loop = Loop()
        stack.callback(loop.close)
        persons = [matrix.Person(f"p{number}", peer.port) for number in range(people)]
        speakers = loop.run(_meet(persons))
        yield lambda: measured(peer, lambda: loop.run(say_for(seconds, speakers)), 1.3)  # type: ignore[arg-type,return-value]
        for person in persons:
            person.close()


async def _meet(persons: Sequence[matrix.Person]) -> list[Callable[[str], Awaitable[None]]]:
    for person in persons:
        await person.register(SECRET)
        await person.log_in()
    return [await _matrix_pair(*pair) for pair in pairs_of(persons)]


async def _matrix_pair(one: matrix.Person, other: matrix.Person) -> Callable[[str], Awaitable[None]]:
    room = await one.open_room(other)

    async def say(key: str) -> None:
        await asyncio.gather(one.say(room, key), other.hear(room, key))

    return say


# -- the benches -----------------------------------------------------------------------------------------


def send(options: Options, outcome: Outcome, without: frozenset[str]) -> None:
    """Messages between two people, twenty pairs, one under way in each."""
    pairs = options.connections(PAIRS)
    seconds = 4 * options.seconds
    with ExitStack() as stack:
        talks = [(2 * one, 2 * one + 1) for one in range(pairs)]
        turns = {"ours": stack.enter_context(ours(2 * pairs, talks, seconds, per_delivery=False))}
        if "ejabberd" not in without:
            turns["ejabberd"] = stack.enter_context(on_ejabberd(2 * pairs, seconds, room=False))
        if "synapse" not in without:
            turns["synapse"] = stack.enter_context(on_synapse(2 * pairs, 2 * seconds))
        _compare("servers-send", f"CPU µs per message, {pairs} pairs", turns, TARGETS["send"], options, outcome)


def room(options: Options, outcome: Outcome, without: frozenset[str]) -> None:
    """The same in one room of 150, against ejabberd."""
    members = options.connections(ROOM)
    seconds = 4 * options.seconds
    if "ejabberd" in without:
        return
    with ExitStack() as stack:
        turns = {
            "ours": stack.enter_context(ours(members, [range(members)], seconds, per_delivery=True)),
            "ejabberd": stack.enter_context(on_ejabberd(members, seconds, room=True)),
        }
        _compare("servers-room", f"CPU µs per delivery, {members} members", turns, TARGETS["room"], options, outcome)


def _compare(
    name: str, unit: str, turns: dict[str, Turn], targets: Targets, options: Options, outcome: Outcome
) -> None:
    for turn in turns.values():
        turn()
    outcome.add(name, unit, rounds(name, options, turns), targets)


def run(options: Options, results: Path | None = None) -> Outcome:
    outcome = Outcome()
    for bench in (send, room):
        print(f"{bench.__name__}: {bench.__doc__}", flush=True)
        bench(options, outcome, options.without)
    if results is not None:
        keep(outcome.rows, results)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers.run", description=__doc__)
    parser.add_argument("--pairs", type=int, default=Options.pairs, help="rounds in which the servers take turns")
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="a quarter of one round of one server")
    parser.add_argument("--without", action="append", default=[], metavar="SERVER", help="ejabberd or synapse")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where latest.json goes")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    try:
        install()
        outcome = run(Options(asked.pairs, asked.seconds, without=frozenset(asked.without)), asked.results)
    except (CannotInstall, LoadFailed) as error:
        sys.exit(str(error))
    print(table(outcome.rows, outcome.latencies))
    print(f"Kept in {asked.results}")


if __name__ == "__main__":
    main()
