"""The bench `history`: pages of a conversation over HTTP, in one of 10,000 messages and in one of a million."""

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.pages import LIMIT, read_pages
from benchmarks.report import Sample
from benchmarks.stack import Stack, seeded, standing
from benchmarks.turns import Options, Outcome, kinds, rounds

FEW, MANY = 10_000, 1_000_000
GROWTH = 1.3
LIMITED = {"RATE_LIMITS": "true"}
"""As it ships, but that nobody reads so many pages in a minute: the plan is raised."""


def history(options: Options, outcome: Outcome) -> None:
    """A page of 50, around a message and by cursor both ways, out of 10,000 messages and out of a million."""
    targets = {"fastapi": 1.0}
    sizes = {size: max(6 * LIMIT, round(size * options.scale)) for size in (FEW, MANY)}
    with ExitStack() as stack:
        template = stack.enter_context(seeded(2, [(0, 1)] * 2, list(sizes.values())))
        turns: dict[str, Callable[[], Sample]] = {}
        for kind in kinds(targets, options):
            peer = stack.enter_context(standing(kind, template, LIMITED))
            peer.execute("UPDATE plans SET requests_per_minute = 100000000")
            for size, talk in zip(sizes, peer.seed.talks, strict=True):
                turns[f"{kind} {size:,}"] = lambda peer=peer, talk=talk: read(peer, talk, options.seconds)
        for turn in turns.values():
            turn()
        samples = rounds("history", options, turns)
    for size in sizes:
        of = {kind: samples[f"{kind} {size:,}"] for kind in kinds(targets, options)}
        outcome.add("history", f"CPU µs per page, {size:,} messages", of, targets)
    growth = {"ours": samples[f"ours {MANY:,}"], "ours of 10,000": samples[f"ours {FEW:,}"]}
    outcome.add("history", f"CPU µs per page, {MANY:,} messages", growth, {"ours of 10,000": GROWTH})


def read(peer: Stack, talk: object, seconds: float) -> Sample:
    before = peer.cpu_seconds
    done = read_pages(peer.port, peer.seed.people[0], talk, seconds)
    return Sample((peer.cpu_seconds - before) / done.units * 1e6, done.p50, done.p99)
