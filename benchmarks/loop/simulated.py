"""Check (b): the loop in the simulated shop, twenty seeds, two sizes."""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from benchmarks.loop import charts
from benchmarks.loop.limits import Figure
from benchmarks.loop.simulation import Result, run

SIZES = (50_000, 2_700)
SEEDS = range(101, 121)
#: An oracle of single persons costs as much as ten seeds; three of them say enough.
PERSONS = range(101, 104)


def measure(seeds: Sequence[int] = SEEDS, sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Return the results of all seeds at both sizes. About three minutes on one core."""
    results = []
    for people in sizes:
        runs = []
        for seed in seeds:
            runs.append(run(people, seed, persons=1_000 if seed in PERSONS and people > 10_000 else 0))
            print(f"  {people:,} people, seed {seed}: {_line(runs[-1])}", file=sys.stderr)
        results += _figures(people, runs)
        if seeds == SEEDS:  # the page's pictures are of all seeds
            _draw(people, runs)
    return results


def _line(found: Result) -> str:
    return (
        f"loop {found.share():.3f} of the oracle, frozen {found.share('frozen'):.3f}, "
        f"best fixed {found.share('best_fixed'):.3f}"
    )


def _figures(people: int, runs: list[Result]) -> list[Figure]:
    loop = _mean("loop / oracle", people, runs, Result.share)
    fixed = _mean("best fixed / oracle", people, runs, lambda r: r.share("best_fixed"))
    _mean("frozen / oracle", people, runs, lambda r: r.share("frozen"))
    ratio = _mean("loop / frozen", people, runs, lambda r: r.against_frozen)
    if persons := [r.persons / float(r.oracle.sum()) for r in runs if r.persons]:
        print(f"{people:,}: oracle of persons / oracle {np.mean(persons):.3f}", file=sys.stderr)
    results = [
        Figure(f"loop_of_frozen_{people}", ratio, "of the frozen system", 0.98),
        Figure(f"best_fixed_of_oracle_{people}", fixed, "of the oracle", 0.80, at_most=True),
    ]
    if people >= 50_000:
        results.append(Figure(f"loop_of_oracle_{people}", loop, "of the oracle", 0.85))
    return results


def _mean(what: str, people: int, runs: list[Result], of: Callable[[Result], float]) -> float:
    """Print the mean with its t interval over seeds, and return it."""
    values = np.array([of(found) for found in runs])
    mean = float(values.mean())
    half = 0.0
    if len(values) > 1:
        half = float(stats.t.isf(0.025, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    print(
        f"{people:,}: {what} {mean:.3f} [{mean - half:.3f}, {mean + half:.3f}], "
        f"from {values.min():.3f} to {values.max():.3f}",
        file=sys.stderr,
    )
    return mean


def _draw(people: int, runs: list[Result]) -> None:
    def sums(of: str) -> list[list[float]]:
        return [(getattr(r, of).cumsum() / people).tolist() for r in runs]

    series = {
        "loop": sums("loop"),
        "frozen": sums("frozen"),
        "best fixed": sums("best_fixed"),
        "oracle": sums("oracle"),
    }
    charts.lines(f"loop-simulated-{people}", series, x="round", y="incremental margin a person, € (sum)")
