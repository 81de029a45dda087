"""Each bench still runs; its figures are not looked at: the machine that runs the tests is busy."""

import json
from pathlib import Path

import pytest

from benchmarks.build import FASTAPI, node_packages_are_there, python_packages_are_there
from benchmarks.report import Row, Sample, keep, plot, row
from benchmarks.run import BENCHES, Options, run

# The stock server does the same as ours, slowly; without the packages of Node.js there is no such peer.
WITHOUT = {"stock"} if node_packages_are_there() else {"stock", "node", "node-batched"}
if not python_packages_are_there(FASTAPI / "requirements.txt"):
    WITHOUT.add("fastapi")
BRIEFLY = Options(pairs=1, seconds=0.1, scale=0.02, without=frozenset(WITHOUT))


@pytest.mark.timeout(400)  # three databases, three servers and a migration, on a machine that has more to do
@pytest.mark.parametrize("name", BENCHES)
def test_it_measures_us_and_them(name: str):
    for one in run([name], BRIEFLY).rows:
        assert one.bench == name
        assert one.pairs == 1


def test_the_ratio_is_the_median_of_pairs_taken_side_by_side():
    ours, theirs = [Sample(cost) for cost in (1, 2, 6)], [Sample(cost) for cost in (2, 4, 4)]
    told = row("fanout", "µs", "node", ours, theirs, target=0.5)
    assert (told.ours, told.theirs) == (2, 4)
    assert (told.ratio, told.ratio_min, told.ratio_max) == (0.5, 0.5, 1.5)
    assert told.met is True


def a_row(bench: str, ratio: float) -> Row:
    return row(bench, "µs", "node", [Sample(ratio)], [Sample(1)], target=1)


def test_a_bench_that_runs_again_replaces_its_own_rows_only(tmp_path: Path):
    keep([a_row("fanout", 0.5), a_row("echo", 2)], tmp_path)
    kept = json.loads(keep([a_row("fanout", 0.25)], tmp_path).read_text())
    assert {one["bench"]: one["ratio"] for one in kept} == {"fanout": 0.25, "echo": 2}
    assert [one["met"] for one in kept] == [False, True]
    keys = "bench unit peer ours theirs ratio ratio_min ratio_max pairs target met"
    assert list(kept[0]) == keys.split()


def test_the_plot_has_a_line_for_each_row():
    assert plot([a_row("fanout", 0.5), a_row("echo", 100)]).count("<circle") == 2
