"""What is found out about all customers together: lifecycle, classes, words. Models see numbers only."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from django.db import transaction
from threadpoolctl import threadpool_limits

from accounts.jobs import Progress, silent
from profiles import relevance, rounds, texts
from profiles.flows import LOOK_BACK, lifecycle_flows
from profiles.models import Round, Study
from profiles.scores.facts import read_past
from recommender.columns import TIME, USER
from recommender.errors import DataError
from recommender.profiling import chain, compare_classes, rfm, states_at
from recommender.profiling.lifecycle import state_sizes
from recommender.scoring.features import SIMPLE, features
from recommender.scoring.history import Past

#: How far ahead classes are told.
AHEAD = timedelta(days=84)
#: More customers teach tree and forest nothing more.
LEARNERS = 20_000
KEPT = 30
_KINDS = (Study.Kind.LIFECYCLE, Study.Kind.CLASSES, Study.Kind.FIELDS, Study.Kind.TEXTS)
_PARTS = 100  # of progress, for each study


def study(
    *, as_of: datetime, now: datetime, seed: int = 0, progress: Progress = silent, any_moment: bool = False
) -> list[Study]:
    """Find out everything anew as of a moment, and keep it. What cannot be known says what is missing.

    The same facts and seed give the same. A worker that dies is followed by another within the hour, which
    keeps what was found and goes on with the rest, customers' words slice by slice (with `any_moment` also
    where that was meant for another moment). 2,500 customers with 140,000 orders take about 10 s.
    """
    with rounds.turn(Round.Kind.STUDIES):
        work = rounds.left(Round.Kind.STUDIES, as_of=as_of, now=now, seed=seed, any_moment=any_moment)
        work = work or rounds.begin(Round.Kind.STUDIES, as_of=as_of, now=now, seed=seed)
        made = {found.kind: found for found in work.studies.all()}
        past = cache(lambda: read_past(work.as_of))
        steps: list[tuple[str, Callable[[], dict[str, Any]]]] = [
            (Study.Kind.LIFECYCLE, lambda: lifecycle(past(), work.as_of)),
            (Study.Kind.CLASSES, lambda: classes(past(), work.as_of, seed)),
            (Study.Kind.FIELDS, lambda: relevance.find(past(), work.as_of, now, seed=seed)),
            (Study.Kind.TEXTS, lambda: texts.find(work, _part(progress, 3))),
        ]
        for number, (kind, find) in enumerate(steps):
            progress(number * _PARTS, len(_KINDS) * _PARTS, kind)
            if kind not in made:
                made[kind] = _found(kind, find, work)
        rounds.finish(work, now)
        progress(len(_KINDS) * _PARTS, len(_KINDS) * _PARTS)
        return [made[kind] for kind in _KINDS]


def _found(kind: str, find: Callable[[], dict[str, Any]], work: Round) -> Study:
    try:
        # OpenMP's threads wait by spinning, which costs more than they bring beside busy workers.
        with threadpool_limits(limits=1):
            known, content = True, find()
    except DataError as error:
        known, content = False, {"missing": str(error)}
    return keep(kind, as_of=work.as_of, now=work.started_at, known=known, content=content, work=work)


def _part(progress: Progress, number: int) -> Callable[[float], None]:
    """Return how one study reports its own share, from 0 to 1, of the whole."""
    return lambda share: progress(int((number + share) * _PARTS), len(_KINDS) * _PARTS, _KINDS[number])


@transaction.atomic
def keep(
    kind: str, *, as_of: datetime, now: datetime, known: bool, content: dict[str, Any], work: Round
) -> Study:
    """Store a study and drop the oldest ones of its kind."""
    made = Study.objects.create(
        kind=kind, as_of=as_of, known=known, content=content, created_at=now, work=work
    )
    old = Study.objects.filter(kind=kind).values_list("pk", flat=True)[KEPT:]
    Study.objects.filter(pk__in=list(old)).delete()
    return made


def lifecycle(past: Past, as_of: datetime) -> dict[str, Any]:
    """Return the Markov chain up to a moment, how many are where, and who moved in the last 84 days."""
    orders, at = past.baskets.select(USER, TIME), as_of.timestamp()
    moves = chain(orders, at)
    return {
        "states": list(moves.states),
        "days": moves.days,
        "counts": moves.counts.tolist(),
        "matrix": moves.matrix.round(6).tolist(),
        "purchases": moves.purchases.round(4).tolist(),
        "horizon": moves.horizon,
        "expected": moves.expected.round(2).tolist(),
        "to_lapse": [None if np.isnan(days) else round(days, 1) for days in moves.to_lapse.tolist()],
        "entering": list(moves.entering),
        "now": state_sizes(states_at(orders, at)),
        "flows": lifecycle_flows(as_of - LOOK_BACK, as_of),
    }


def classes(past: Past, as_of: datetime, seed: int) -> dict[str, Any]:
    """Compare rules, tree and forest in telling customers' classes 84 days on."""
    at = as_of.timestamp()
    earlier, later = (_classed(past, moment) for moment in (at - AHEAD.total_seconds(), at))
    if earlier.height > LEARNERS:
        earlier = earlier.sample(LEARNERS, seed=seed)
    names = [name for name in SIMPLE if name in earlier.columns]
    found = asdict(compare_classes(earlier, later, names, seed))
    counted = later.group_by("rfm_class").len()
    return found | {"days": AHEAD.days, "now": dict(counted.iter_rows()), "bounds": bounds(later)}


def bounds(classed: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Return from which figure on a score begins: `{"r": {"4": most days}, "f": {"3": least orders}, …}`.

    So the classes can be written as rules over days, orders and money. Scores that nobody has are left out.
    """
    found: dict[str, dict[str, float]] = {}
    for score, figure in (("r", "recency_days"), ("f", "orders_84d"), ("m", "amount_84d")):
        edge = pl.col(figure).max() if score == "r" else pl.col(figure).min()
        rows = classed.drop_nulls(score).group_by(score).agg(edge).sort(score).iter_rows()
        found[score] = {str(number): float(value) for number, value in rows}
    return found


def _classed(past: Past, at: float) -> pl.DataFrame:
    frame = features(past, at)
    if frame.is_empty():
        raise DataError(f"classes need {AHEAD.days} days of history with orders before them")
    return rfm(frame, frequency="orders_84d", monetary="amount_84d")
