"""Does the loop earn its keep? `python -m benchmarks.loop [simulated|log|history …]`. Its last line is JSON.

What is measured, and against what, is fixed in docs/loop.md; figures go to stderr, pictures to docs/images.
`--quick` takes a few seeds and one beginning. The log and the history are skipped, loudly, where their data
are not at hand; OPEN_BANDIT and COMPLETE_JOURNEY name folders that hold them.
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
    for check in given.checks or CHECKS:
        print(f"── {check}", file=sys.stderr)
        if check == "simulated":
            figures += simulated.measure(seeds=range(1, 4)) if given.quick else simulated.measure()
        elif check == "log":
            figures += logged.measure()
        else:
            figures += history.measure(quick=given.quick)
    failed = missed(figures)
    line = {
        "name": "loop",
        "cores": len(os.sched_getaffinity(0)),
        "peak_mb": round(peak_mb()),
        "results": [figure.as_result() for figure in figures],
    }
    print(json.dumps(line))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
