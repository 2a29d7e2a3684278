"""What the command line says: progress and errors on stderr, files for results."""

import sys
from pathlib import Path

import polars as pl

from recommender.errors import DataError


def say(text: str) -> None:
    """Write one line of progress to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def fail(text: str, code: int) -> int:
    """Write one line that says what is wrong and return the exit code."""
    say(f"error: {' '.join(text.split())}")
    return code


def counted(rejected: dict[str, int]) -> None:
    """Report rows that were left out."""
    for cause, count in sorted(rejected.items()):
        say(f"left out {count} rows: {cause.replace('_', ' ')}")


class Steps:
    """Tell how far a list of users is, in steps of a twentieth."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._told = 0

    def __call__(self, done: int, whole: int) -> None:
        """Write a line where another twentieth is done."""
        step = done * 20 // max(whole, 1)
        if step > self._told:
            self._told = step
            say(f"{self.what} {done:,} of {whole:,} users")


def writable(path: str) -> Path:
    """Return the path of a result, checked before the work and not after it."""
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise DataError(f"{path}: cannot be written (is it a folder, or is its folder missing?)")
    return target


def write_table(frame: pl.DataFrame, target: Path) -> None:
    """Write CSV, or Parquet by the name's ending."""
    if target.suffix.lower() in {".parquet", ".pq"}:
        frame.write_parquet(target)
    else:
        frame.write_csv(target)
    say(f"wrote {frame.height} rows to {target}")
