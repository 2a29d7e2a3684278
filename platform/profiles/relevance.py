"""Which fields of the profile have to do with what customers do next: χ² and mutual information."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection, transaction

from core.copy import copy_to_frame
from profiles.building import running
from profiles.building.facts import COLUMNS
from profiles.selectors import profile_fields
from recommender.arrays import Bool
from recommender.columns import USER
from recommender.errors import DataError
from recommender.scoring import TARGETS, Past
from recommender.scoring.examples import matrix
from recommender.scoring.features import features
from recommender.scoring.relevance import relevance
from recommender.scoring.targets import Target
from recommender.scoring.unknown import FLOOR

#: More customers change nothing about which field says more than which; 5,000 take about 4 s.
MOST = 5_000
_FIGURES = "profile_then"


def find(past: Past, as_of: datetime, now: datetime, *, seed: int = 0, fewest: int = FLOOR) -> dict[str, Any]:
    """Test every figure of the profile against every outcome of the scores; at most 5,000 customers.

    The profiles are those of the newest day whose outcome is known by now, made from the facts before it:
    `{"at", "days", "targets": {kind: {"customers", "share", "fields": [{"feature", "chi2", "p",
    "information", "kept"}]}}}`, most informative (in nats) first. A target below `fewest` of the rarer
    outcome is `{"missing", "found", "needed"}`; where all are, DataError.
    """
    days = max(target.days for target in TARGETS.values())
    cut = as_of - timedelta(days=days)
    known = features(past, cut.timestamp())
    if known.height > MOST:
        known = known.sample(MOST, seed=seed).sort(USER)
    then = _figures_at([int(user) for user in known[USER]], cut, now)
    found: dict[str, Any] = {}
    for kind, target in TARGETS.items():
        people = target.population(known).select(USER).join(then, on=USER)
        came = target.labels(past, people[USER], cut.timestamp())
        found[kind] = _tested(target, people, came, fewest)
    if all("missing" in told for told in found.values()):
        raise DataError(f"fields need {fewest} customers of each outcome within {days:g} days")
    return {"at": cut.isoformat(), "days": days, "targets": found}


def _tested(target: Target, people: pl.DataFrame, came: Bool, fewest: int) -> dict[str, Any]:
    rarer = int(min(came.sum(), len(came) - came.sum()))
    if rarer < fewest:
        return {"missing": "outcomes of the rarer kind", "found": rarer, "needed": fewest}
    names = tuple(name for name in people.columns if name != USER)
    rows = relevance(names, matrix(people, names), came)
    return {
        "customers": len(came),
        "share": round(float(came.mean()), 4),
        "fields": [asdict(row) for row in rows],
    }


@transaction.atomic
def _figures_at(customer_ids: Sequence[int], moment: datetime, now: datetime) -> pl.DataFrame:
    """Return user_id and every figure of some customers' profiles as of a moment; nothing is written."""
    fields = [info.name for info in profile_fields() if info.type in ("number", "share", "money")]
    names = [name for name in fields if name in COLUMNS]
    running.settle()
    running.gather_some(customer_ids, _FIGURES, running.parameters(moment, now))
    columns = ", ".join(f"{name}::float8" for name in names)
    frame = copy_to_frame(
        f"SELECT customer_id::text AS user_id, {columns} FROM {_FIGURES} ORDER BY 1",  # noqa: S608
        schema={USER: pl.String, **dict.fromkeys(names, pl.Float64)},
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {_FIGURES}")
    return frame
