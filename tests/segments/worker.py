"""A worker process that refreshes segments and can be killed in mid-transaction.

Each time before a transaction would be committed it says a line and waits for one, so the test chooses
where it dies: `python -m tests.segments.worker all|changed AS_OF`.
"""

import sys
from datetime import datetime

import django

django.setup()

from segments import incremental, moves  # noqa: E402
from segments.refresh import refresh_all  # noqa: E402

#: Changed customers in one transaction.
BATCH = 20
_apply, _acknowledge = moves.apply, incremental.changes.acknowledge


def _wait(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def apply(segments, **moment):
    """Write the moves, and wait before the run is stored."""
    moved = _apply(segments, **moment)
    _wait(segments[0].slug)
    return moved


def acknowledge(consumer, taken):
    """Take customers off the queue, and wait before that and their moves are committed."""
    _acknowledge(consumer, taken)
    _wait("batch")


if __name__ == "__main__":
    at = datetime.fromisoformat(sys.argv[2])
    if sys.argv[1] == "all":
        moves.apply = apply
        refresh_all(as_of=at, now=at, slugs=["a", "b"])
    else:
        incremental.AFTER, incremental.BATCH = "", BATCH
        incremental.changes.acknowledge = acknowledge
        incremental.refresh_changed(as_of=at, now=at)
