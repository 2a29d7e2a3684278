"""How far a live test is, and which planned look is due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection

from campaigns.experiments.models import Experiment, Metric
from campaigns.experiments.services import waiting
from delivery.models import Run

_STANDING = """
SELECT count(*) FILTER (WHERE x.at + %s <= %s), count(*), max(x.at)
  FROM experiments_exposure x JOIN experiments_assignment a ON a.id = x.assignment_id
 WHERE a.experiment_id = %s AND a.explored AND a.multiple = 0 AND x.at <= %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a test is: people whose window has passed, people that met it, and whether that is all.

    `fraction` is the share of the planned information, None while nobody can know it; `over` says that no
    further people come and every window has passed. `look` is the planned look that is due, None if none.
    """

    closed: int
    met: int
    fraction: float | None
    over: bool
    look: int | None


def standing(experiment: Experiment, *, now: datetime, people: pl.DataFrame | None = None) -> Standing:
    """Say how far a live test is. Three small queries; 0.3 s for a million people.

    Whoever has read the people already (facts.Facts) passes them, which saves the largest of the three.
    """
    primary = _primary(experiment)
    window = timedelta(days=primary.window_days)
    closed, met, newest = _met(experiment, window, now) if people is None else _counted(people, window, now)
    over = bool(met) and closed == met and newest + window <= now and not _goes_on(experiment, now)
    planned = experiment.horizon
    fraction = 1.0 if over else min(1.0, closed / planned) if planned else None
    taken = planned_looks(experiment)
    due = None
    if fraction and (not taken or taken[-1] < fraction):
        step = len(taken) + 1
        if over or fraction >= min(1.0, step / experiment.planned_looks):
            due = step
    return Standing(closed, met, fraction, over or fraction == 1.0, due)


def _met(experiment: Experiment, window: timedelta, now: datetime) -> tuple[int, int, datetime]:
    with connection.cursor() as cursor:
        values: list[Any] = [window, now, experiment.pk, now]
        cursor.execute(_STANDING, values)
        closed, met, newest = cursor.fetchone()
        return closed, met, newest


def _counted(people: pl.DataFrame, window: timedelta, now: datetime) -> tuple[int, int, datetime]:
    at = people.filter(pl.col("explored") == 1)["at"]
    closed = int((at + window.total_seconds() <= now.timestamp()).sum())
    return closed, len(at), datetime.fromtimestamp(float(at.max() or 0.0), UTC)  # type: ignore[arg-type]


def _goes_on(experiment: Experiment, now: datetime) -> bool:
    """Say whether further people may still meet the test at its planned shares."""
    campaign = getattr(experiment, "campaign", None)
    if campaign is None:
        return experiment.state != Experiment.State.DECIDED
    if experiment.method == Experiment.Method.BANDIT and waiting(experiment.pk):
        return True
    unfinished = Run.objects.filter(source="campaign", reference=str(campaign.pk)).exclude(
        state__in=[Run.State.FINISHED, Run.State.CANCELLED]
    )
    return bool(campaign.next_at) or unfinished.exists()


def _primary(experiment: Experiment) -> Metric:
    return experiment.metrics.get(series=experiment.series, role=Metric.Role.PRIMARY)


def planned_looks(experiment: Experiment) -> list[float]:
    """Return the shares of information at which this series' planned looks were taken."""
    taken = experiment.snapshots.filter(series=experiment.series, planned=True).order_by("look")
    return [fraction or 0.0 for fraction in taken.values_list("fraction", flat=True)]
