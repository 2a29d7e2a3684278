"""Waves: an audience written to in parts, the later ones by what the earlier ones showed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.module_loading import import_string

from campaigns.experiments.models import Experiment, Wave
from campaigns.experiments.statistics.assignment import BUCKETS
from campaigns.experiments.statistics.floor import FLOOR
from core.registry import Registry

#: By name the dotted path of a function of (experiment, its own waves so far): what earlier campaigns say
#: of the arms, as shares with their evidence, or None. Loaded when asked: it may need what senders do not.
memories: Registry[str] = Registry("memory of earlier campaigns")
#: A decided test may still have to send its winner to the rest.
_MOVING = (Experiment.State.RUNNING, Experiment.State.DECIDED)


def plan_waves(experiment: Experiment, parts: Sequence[float], after: Sequence[timedelta]) -> list[Wave]:
    """Split a draft's audience into waves of these shares, each so long after the launch; the first is now.

    Raises ValueError unless the shares sum to one and the moments rise from zero.
    """
    if not parts or len(parts) != len(after) or abs(sum(parts) - 1) > 1e-6 or min(parts) <= 0:
        raise ValueError("The shares of the waves are above 0 and sum to 1.")
    if after[0] or any(b <= a for a, b in pairwise(after)):
        raise ValueError("The first wave goes with the launch, each further one later than the one before.")
    tops = [round(sum(parts[: i + 1]) * BUCKETS) for i in range(len(parts))]
    experiment.waves.all().delete()
    return Wave.objects.bulk_create(
        Wave(experiment=experiment, number=i + 1, low=low, high=high, after=moment)
        for i, (low, high, moment) in enumerate(zip([0, *tops[:-1]], tops, after, strict=True))
    )


def first_wave(experiment: Experiment, now: datetime) -> Wave | None:
    """Return the wave that goes with the launch, and put the others in order; None where there are none."""
    experiment.waves.filter(due_at=None).update(due_at=now + F("after"))
    wave = experiment.waves.filter(number=1).first()
    if wave is not None and wave.sent_at is None:
        wave.sent_at = wave.decided_at = now
        if experiment.method == Experiment.Method.BANDIT and (known := remembered(experiment, ())):
            wave.weights, wave.evidence = known.weights, known.evidence
            wave.floor = floor_of(experiment)
        wave.save(update_fields=["sent_at", "decided_at", "weights", "evidence", "floor"])
    return wave


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a wave with what led to them."""

    weights: dict[str, float]
    evidence: dict[str, Any]


def remembered(experiment: Experiment, waves: Sequence[Mapping[str, Any]]) -> Shares | None:
    """Return the shares that earlier campaigns and its own waves give a bandit's arms, or None."""
    for _name, path in memories:
        found: Shares | None = import_string(path)(experiment, waves)
        if found is not None:
            return found
    return None


def floor_of(experiment: Experiment) -> float:
    """Return each arm's part of the people drawn at equal weights."""
    return min(FLOOR, 1 / max(experiment.variants.count(), 1))


def due_waves(now: datetime) -> QuerySet[Wave]:
    """Return the waves whose moment has come, of tests that run."""
    return (
        Wave.objects.filter(due_at__lte=now, sent_at=None, experiment__state__in=_MOVING)
        .select_related("experiment")
        .order_by("due_at", "number")
    )


def waiting(experiment_id: UUID) -> bool:
    """Say whether a part of the audience is still to be written to. One query."""
    return Wave.objects.filter(experiment_id=experiment_id, sent_at=None).exists()
