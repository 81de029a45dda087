"""The benches of coming back: `ready`, connecting with fifty conversations, and `resume`, catching up in them."""

import random
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.load.chat import Chat, ChatWork
from benchmarks.peers import kibibytes
from benchmarks.report import Sample
from benchmarks.stack import Stack, seeded, standing
from benchmarks.turns import Options, Outcome, kinds, rounds

CONVERSATIONS, MEMBERS = 50, 20
"""Of a person, and of a conversation."""
CONNECTING, RESUMING, RESIDENTS = 1000, 2000, 10_000
AT_ONCE = 50
KIBIBYTES = 30.0
"""The most that a connection may hold: a target for our own figure, not a ratio."""
BUSY, MISSED = 10, 5
"""Conversations in which somebody missed messages, and how many in each: fifty in all."""


def ready(options: Options, outcome: Outcome) -> None:
    """Sockets opened, signed in, joined to their 50 conversations and told that they are ready; fifty at a time."""
    _coming_back("ready", CONNECTING, lambda chat: chat.connect(AT_ONCE), options, outcome)


def resume(options: Options, outcome: Outcome) -> None:
    """The same, and then `sync` of 50 missed messages, in ten of their conversations."""
    _coming_back("resume", RESUMING, lambda chat: chat.resume(AT_ONCE, BUSY, MISSED), options, outcome)


def resident(options: Options, outcome: Outcome) -> None:
    """What somebody holds who is signed in, in ten conversations, and does nothing; each round with a new server."""
    targets = {"node": None}
    count = options.connections(RESIDENTS)
    with ExitStack() as stack:
        template = stack.enter_context(seeded(count, talks(count, 10), MISSED))

        def turn(kind: str) -> Sample:
            with standing(kind, template) as peer, ExitStack() as clients:
                chat = Chat([peer.port], template.seed, peer.directory / "plan")
                clients.callback(chat.close)
                before = kibibytes(peer.server)
                chat.connect(AT_ONCE)
                peer.settle()
                return Sample((kibibytes(peer.server) - before) / count)

        turns = {kind: (lambda kind=kind: turn(kind)) for kind in kinds(targets, options)}
        outcome.add("resident", "KiB per person, 10 conversations", rounds("resident", options, turns), targets)
    outcome.bound("resident", KIBIBYTES)


def _coming_back(name: str, people: int, work: Callable[[Chat], ChatWork], options: Options, outcome: Outcome) -> None:
    targets = {"node": 1.0, "fastapi": None}
    count = options.connections(people)
    with ExitStack() as stack:
        template = stack.enter_context(seeded(count, talks(count), MISSED))
        turns: dict[str, Callable[[], Sample]] = {}
        for kind in kinds(targets, options):
            peer = stack.enter_context(standing(kind, template))
            chat = Chat([peer.port], template.seed, peer.directory / "plan")
            stack.callback(chat.close)
            _turn(peer, chat, work)  # so that Node.js has compiled what is hot
            turns[kind] = lambda peer=peer, chat=chat: _turn(peer, chat, work)
        unit = f"CPU µs per connection, {CONVERSATIONS} conversations"
        outcome.add(name, unit, rounds(name, options, turns), targets)


def _turn(peer: Stack, chat: Chat, work: Callable[[Chat], ChatWork]) -> Sample:
    before = peer.cpu_seconds
    done = work(chat)
    peer.settle()
    sample = Sample((peer.cpu_seconds - before) / done.units * 1e6, done.p50, done.p99)
    chat.disconnect()
    peer.settle()  # what they leave behind is done before the next one's turn
    return sample


def talks(people: int, each: int = CONVERSATIONS) -> list[list[int]]:
    """Conversations of up to `MEMBERS`, so that everybody is in exactly `each` of them."""
    chance = random.Random(1)
    found = []
    for _ in range(each):
        everybody = chance.sample(range(people), people)
        found += [everybody[start : start + MEMBERS] for start in range(0, people, MEMBERS)]
    return found
