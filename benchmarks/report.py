"""Rows of results: how they are made from rounds, printed, kept and drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"


@dataclass
class Row:
    """One bench against one peer. Latencies are not in it: they are printed beside it."""

    bench: str
    unit: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    ratio_min: float
    ratio_max: float
    pairs: int
    target: float | None
    met: bool | None


@dataclass
class Sample:
    """One round of one peer: its cost in the bench's unit, and latencies in microseconds (0: none)."""

    cost: float
    p50: float = 0
    p99: float = 0


def row(
    bench: str, unit: str, peer: str, ours: Sequence[Sample], theirs: Sequence[Sample], target: float | None
) -> Row:
    """Medians of both and of the ratio of each pair; `target` is the most that the ratio may be."""
    ratios = [mine.cost / max(other.cost, 1e-9) for mine, other in zip(ours, theirs, strict=True)]
    ratio = median(ratios)
    return Row(
        bench=bench,
        unit=unit,
        peer=peer,
        ours=round(median(one.cost for one in ours), 2),
        theirs=round(median(one.cost for one in theirs), 2),
        ratio=round(ratio, 3),
        ratio_min=round(min(ratios), 3),
        ratio_max=round(max(ratios), 3),
        pairs=len(ratios),
        target=target,
        met=None if target is None else ratio <= target,
    )


def latency(samples: Sequence[Sample]) -> str:
    """p50 / p99 in milliseconds."""
    if not any(one.p50 for one in samples):
        return "–"
    return f"{median(one.p50 for one in samples) / 1e3:.2f} / {median(one.p99 for one in samples) / 1e3:.2f}"


def table(rows: Sequence[Row], latencies: Sequence[tuple[str, str]]) -> str:
    """In Markdown, so that it can go into the documentation as it is."""
    lines = [
        "| bench | unit | peer | ours | theirs | ratio (min–max) | target | met | p50 / p99 ms ours | theirs |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one, (mine, other) in zip(rows, latencies, strict=True):
        target = "–" if one.target is None else f"≤ {one.target:g}"
        met = {None: "–", True: "yes", False: "**no**"}[one.met]
        spread = f"**{one.ratio:.2f}** ({one.ratio_min:.2f}–{one.ratio_max:.2f})"
        cells = [one.bench, one.unit, one.peer, f"{one.ours:g}", f"{one.theirs:g}", spread, target, met, mine, other]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def keep(rows: Sequence[Row], directory: Path = RESULTS) -> Path:
    """Write `latest.json`; the rows of benches that were not run stay as they were."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "latest.json"
    run = {one.bench for one in rows}
    known = json.loads(path.read_text()) if path.exists() else []
    kept = [one for one in known if one["bench"] not in run]
    told = [*kept, *map(asdict, rows)]
    path.write_text("[\n" + ",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in told) + "\n]\n")
    (directory / "latest.svg").write_text(plot([Row(**one) for one in told]))
    return path


LEFT, WIDTH, LINE, TOP = 330, 420, 22, 46
LEAST, MOST = 1 / 32, 16.0


def plot(rows: Sequence[Row]) -> str:
    """Each row's ratio on a logarithmic axis: the median, from the least to the greatest, and its target."""
    height = TOP + LINE * len(rows) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="16">ours ÷ theirs; left of 1 we need less. The bar is the target.</text>',
    ]
    for power in range(round(math.log2(LEAST)), round(math.log2(MOST)) + 1):
        at, label = _x(2.0**power), f"{2**power}" if power >= 0 else f"1/{2**-power}"
        stroke = "#888" if power == 0 else "#ddd"
        parts.append(f'<path d="M{at:.1f} {TOP - 8}V{height - 8}" stroke="{stroke}"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP - 14}" text-anchor="middle" fill="#666">{label}</text>')
    for number, one in enumerate(rows):
        y = TOP + LINE * number + 8
        colour = {None: "#555", True: "#1a7f37", False: "#c5221f"}[one.met]
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{one.bench}, {one.unit}, {one.peer}</text>')
        spread = f"M{_x(one.ratio_min):.1f} {y}H{_x(one.ratio_max):.1f}"
        parts.append(f'<path d="{spread}" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<circle cx="{_x(one.ratio):.1f}" cy="{y}" r="4" fill="{colour}"/>')
        if one.target is not None and one.target <= MOST:  # that of memory is no ratio
            parts.append(f'<path d="M{_x(one.target):.1f} {y - 7}v14" stroke="black" stroke-width="2"/>')
    return "\n".join([*parts, "</svg>", ""])


def _x(ratio: float) -> float:
    share = (math.log2(min(max(ratio, LEAST), MOST)) - math.log2(LEAST)) / (math.log2(MOST) - math.log2(LEAST))
    return LEFT + WIDTH * share
