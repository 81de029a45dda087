"""How peers are measured in turns: what is asked for, the rounds, and the rows that come of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.report import Row, Sample, latency, row

SAMPLE = Path(__file__).parents[1] / "tests" / "data" / "ubuntu-2008-04-27-sample.jsonl"
Targets = Mapping[str, float | None]
"""For each peer the most that our cost may be, as a share of theirs; None: it is only shown."""


@dataclass
class Options:
    pairs: int = 5
    seconds: float = 0.6
    """Of one round of one peer."""
    scale: float = 1.0
    """Of the number of connections; the tests use few."""
    without: frozenset[str] = frozenset()
    """Peers that are left out."""
    transcript: Path = SAMPLE
    """What `replay` plays."""

    def connections(self, count: int, step: int = 1) -> int:
        return max(2, round(count * self.scale / step)) * step


@dataclass
class Outcome:
    rows: list[Row] = field(default_factory=list)
    latencies: list[tuple[str, str]] = field(default_factory=list)

    def add(self, bench: str, unit: str, samples: Mapping[str, list[Sample]], targets: Targets) -> None:
        for peer, theirs in samples.items():
            if peer != "ours":
                self.compare(bench, unit, samples["ours"], peer, theirs, targets[peer])

    def compare(
        self,
        bench: str,
        unit: str,
        ours: list[Sample],
        peer: str,
        theirs: list[Sample],
        target: float | None = None,
    ) -> None:
        self.rows.append(row(bench, unit, peer, ours, theirs, target))
        self.latencies.append((latency(ours), latency(theirs)))

    def bound(self, bench: str, most: float) -> None:
        """The target of a bench's rows is one for our own figure, and no ratio."""
        for one in self.rows:
            if one.bench == bench:
                one.target = most
                one.met = one.ours <= most


def rounds(title: str, options: Options, turns: Mapping[str, Callable[[], Sample]]) -> dict[str, list[Sample]]:
    """The peers in turns, A B C A B C …"""
    samples: dict[str, list[Sample]] = {kind: [] for kind in turns}
    for number in range(options.pairs):
        for kind, turn in turns.items():
            samples[kind].append(turn())
        told = ", ".join(f"{kind} {of[-1].cost:.2f}" for kind, of in samples.items())
        print(f"  {title}, round {number + 1} of {options.pairs}: {told}", flush=True)
    return samples


def kinds(targets: Targets, options: Options) -> list[str]:
    return ["ours", *(kind for kind in targets if kind not in options.without)]
