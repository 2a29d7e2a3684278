"""Does the loop earn its keep? `python -m benchmarks.loop [simulated|log|history …]`. Its last line is JSON.

What is measured, and against what, is fixed in docs/loop.md; figures go to stderr, pictures to docs/images.
`--quick` takes a few seeds and one beginning. The log and the history are skipped, loudly, where their data
are not at hand (`skipped` of the last line names them); OPEN_BANDIT and COMPLETE_JOURNEY name their folders.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.loop import history, logged, simulated
from benchmarks.loop.limits import Figure, missed
from benchmarks.measuring import peak_mb
from recommender.errors import DataError

CHECKS = ("simulated", "log", "history")


def main() -> None:
    """Run the checks that were named, all by default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a few seeds and one beginning")
    given = parser.parse_args()
    if unknown := set(given.checks) - set(CHECKS):
        parser.error(f"there is no check {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
    figures: list[Figure] = []
    skipped = []
    for check in given.checks or CHECKS:
        print(f"── {check}", file=sys.stderr)
        try:
            found = _measure(check, quick=given.quick)
        except (FileNotFoundError, DataError) as error:
            parser.exit(2, f"{error}\n")
        figures += found
        if not found:
            skipped.append(check)
    failed = missed(figures)
    if skipped:
        print(f"Not judged, for want of data: {', '.join(skipped)}.", file=sys.stderr)
    line = {
        "name": "loop",
        "cores": len(os.sched_getaffinity(0)),
        "peak_mb": round(peak_mb()),
        "results": [figure.as_result() for figure in figures],
        "skipped": skipped,
    }
    print(json.dumps(line))
    sys.exit(1 if failed else 0)


def _measure(check: str, *, quick: bool) -> list[Figure]:
    """Return the figures of a check; none where its data are not at hand."""
    if check == "simulated":
        return simulated.measure(seeds=range(1, 4)) if quick else simulated.measure()
    return logged.measure() if check == "log" else history.measure(quick=quick)


if __name__ == "__main__":
    main()
