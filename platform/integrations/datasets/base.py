"""What a data set is to the command and the task that load one."""

from datetime import datetime
from typing import Protocol

from accounts.jobs import Progress


class Dataset(Protocol):
    """Load a public data set; again changes nothing."""

    def __call__(self, *, now: datetime, progress: Progress, households: int | None) -> dict[str, int]:
        """Store the data and return how many of each kind there are in it.

        `households` takes only that many customers, always the same ones, with what belongs to them.
        """
