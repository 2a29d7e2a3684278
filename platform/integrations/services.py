"""The record of what was imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Job
from core import clock
from integrations.models import ImportRun


@dataclass(slots=True)
class Counts:
    """What became of the rows of an import."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


@contextmanager
def import_run(
    *, dataset: str, kind: str, source: str, now: datetime, job: Job | None = None
) -> Iterator[Counts]:
    """Record an import: the caller fills the counts, which are stored when it ends well."""
    run = ImportRun.objects.create(dataset=dataset, kind=kind, source=source, job=job, started_at=now)
    counts = Counts()
    yield counts
    run.rows, run.accepted = counts.rows, counts.accepted
    run.duplicates, run.rejected = counts.duplicates, counts.rejected
    run.finished_at = clock.now()
    run.save()
