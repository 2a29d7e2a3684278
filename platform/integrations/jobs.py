"""Imports as long work that a person can start and watch."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation

from accounts.jobs import Cancelled, Progress
from core import clock
from integrations.datasets import DATASETS
from integrations.dispatch import go_on
from integrations.exports.services import write
from integrations.imports import engine
from integrations.imports.engine import OutOfTime, TakenOver
from integrations.imports.errors import BadFile
from integrations.imports.undo import undo
from integrations.models import Export, ImportRun, ImportState


def import_dataset(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Load a public data set; safe to run again after a crash, since what is in stays single."""
    load = DATASETS[parameters["dataset"]]
    return dict(load(now=now, progress=progress, households=parameters.get("households")))


def check_file(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Read an import's file without storing anything."""
    run = ImportRun.objects.get(pk=parameters["import"])
    with _ending(run, ImportState.CHECKING, stopped=ImportState.UPLOADED), translation.override(run.language):
        report = engine.check(run, now, progress)
        _leave(run, ImportState.CHECKING, ImportState.CHECKED, report=report)
    return report


def store_file(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Store an import's file from where it stands; a further job goes on when the time is over."""
    run = ImportRun.objects.get(pk=parameters["import"])
    try:
        with (
            _ending(run, ImportState.RUNNING, stopped=ImportState.CANCELLED),
            translation.override(run.language),
        ):
            engine.store(run, now, progress, until=time.monotonic() + settings.IMPORT_SLICE_SECONDS)
            _leave(run, ImportState.RUNNING, ImportState.DONE, finished_at=clock.now())
    except OutOfTime:
        go_on(run, now=clock.now())
    except TakenOver:
        return {"taken_over": True}
    run.refresh_from_db()
    return {"rows": run.rows, "new": run.accepted, "changed": run.changed, "rejected": run.rejected}


def undo_file(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Take back what an import did."""
    run = ImportRun.objects.get(pk=parameters["import"])
    with _ending(run, ImportState.UNDOING, stopped=ImportState.CANCELLED), translation.override(run.language):
        left = undo(run, now, progress)
        _leave(run, ImportState.UNDOING, ImportState.UNDONE, undone_at=clock.now(), left_alone=left)
    return {"left_alone": {name: found for name, found in left.items() if name.endswith("_count")}}


def write_export(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Write a long list to a file that can be downloaded."""
    export = Export.objects.select_related("created_by").get(pk=parameters["export"])
    return {"rows": write(export, progress)}


class _ending:  # noqa: N801 (a context manager, read as a word)
    """Leave the import in a state that says how the work ended, when it did not end well."""

    def __init__(self, run: ImportRun, state: str, *, stopped: str) -> None:
        self.run, self.state, self.stopped = run, state, stopped

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Cancelled):
            _leave(self.run, self.state, self.stopped, finished_at=clock.now())
        elif isinstance(error, BadFile):
            _leave(self.run, self.state, ImportState.FAILED, error=str(error), finished_at=clock.now())
        elif isinstance(error, Exception) and not isinstance(error, OutOfTime | TakenOver):
            _leave(
                self.run, self.state, ImportState.FAILED, error=type(error).__name__, finished_at=clock.now()
            )


def _leave(run: ImportRun, state: str, target: str, **values: Any) -> None:
    """Change the state of an import that this job still owns."""
    ImportRun.objects.filter(pk=run.pk, state=state, job=run.job_id).update(state=target, **values)
