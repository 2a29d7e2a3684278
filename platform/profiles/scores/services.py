"""Train the scores on the shop's own past, keep them as versions, and say them of every customer."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection

from accounts.jobs import Progress, silent
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.facts import read_past
from profiles.scores.store import BATCH, put_in_use, write_batch
from recommender.columns import EVENT, SCORE, TIME
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.scoring import Past, ScoreModel, Tables, Unknown, train_all
from recommender.scoring.lifetime import LifetimeValue, check, fit_lifetime_value, purchases

#: The period that lifetime value is said for.
VALUE_DAYS = 365.0
#: Its hold-out check forecasts this much of the past.
CHECK_DAYS = 84.0
VALUE = CustomerScore.Kind.LIFETIME_VALUE.value

_LOCK = 0x5343_4F52


def score_customers(
    *, as_of: datetime, now: datetime, seed: int = 0, progress: Progress = silent
) -> list[ScoreVersion]:
    """Train every score on the facts before `as_of` and give it to every customer; return the versions.

    Repeating it gives the same scores under new versions. Batches of 10,000 are committed one by one:
    whoever reads meanwhile sees each customer's old score or the new one, and a run that was cut off
    is made good by the next. Two runs take turns. A score that cannot be trained yet loses its
    rows, so that *unknown* never looks like a number; its version says what is missing.
    """
    with _one_at_a_time():
        progress(0, 3, "facts")
        past = read_past(as_of)
        moment = as_of.timestamp()
        if past.baskets.is_empty():
            return [_unknown(Unknown(kind, "orders", 0, 1), as_of, now) for kind in (*_kinds(), VALUE)]
        progress(1, 3, "training")
        tables = Tables(past, moment, seed=seed)
        versions = [
            _store(kind, trained, tables, as_of, now) for kind, trained in train_all(tables, seed).items()
        ]
        progress(2, 3, "lifetime value")
        versions.append(_store_value(past, moment, as_of, now, seed))
        progress(3, 3)
        return versions


def _kinds() -> tuple[str, ...]:
    return tuple(kind for kind in CustomerScore.Kind.values if kind not in (VALUE, CustomerScore.Kind.UPLIFT))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _store(
    kind: str, trained: ScoreModel | Unknown, tables: Tables, as_of: datetime, now: datetime
) -> ScoreVersion:
    if isinstance(trained, Unknown):
        return _unknown(trained, as_of, now)
    everybody = tables.at(0.0)
    card = {**trained.card, "sources": _sources(tables.everybody)}
    version = _version(kind, as_of, now, trained.card["model"], card)
    version.drift = [{**asdict(row), "level": row.level} for row in trained.drift(everybody)]
    _keep(version, trained)
    written = 0
    for batch in everybody.iter_slices(BATCH):
        written += write_batch(trained.score(batch), version, as_of)
    put_in_use(version, written)
    return version


def _store_value(past: Past, moment: float, as_of: datetime, now: datetime, seed: int) -> ScoreVersion:
    people = purchases(past.baskets, moment)
    try:
        fitted = fit_lifetime_value(people)
    except DataError as error:
        fitted = Unknown(VALUE, str(error), 0, 1)
    if isinstance(fitted, Unknown):
        return _unknown(fitted, as_of, now)
    card = {"days": VALUE_DAYS, **asdict(fitted), "check": _checked(past, moment, seed)}
    version = _version(VALUE, as_of, now, "bg-nbd", card)
    _keep(version, fitted)
    said = fitted.predict(people, VALUE_DAYS, seed=seed).rename({"value": SCORE})
    reasons = pl.concat_list(
        pl.struct(feature=pl.lit(name), value=pl.col(name), adds=pl.lit(None, pl.Float64))
        for name in ("purchases", "alive", "basket")
    )
    said = said.filter(pl.col(SCORE).is_finite()).with_columns(reasons=reasons)
    written = 0
    for batch in said.iter_slices(BATCH):
        written += write_batch(batch, version, as_of)
    put_in_use(version, written)
    return version


def _checked(past: Past, moment: float, seed: int) -> dict[str, Any]:
    """Hold out the last days; a shop too young for that says so in the card."""
    cut = moment - CHECK_DAYS * DAY
    if not (past.baskets[TIME] < cut).any():
        return {"unknown": f"less than {CHECK_DAYS:g} days of history"}
    try:
        found = check(past.baskets, cut, CHECK_DAYS, seed)
    except DataError as error:
        return {"unknown": str(error)}
    return {"unknown": str(found)} if isinstance(found, Unknown) else asdict(found)


def _sources(past: Past) -> dict[str, dict[str, float]]:
    """Return rows, oldest and newest moment (epoch seconds) of each kind of fact that was read."""
    parts = {"orders": past.baskets} | {
        str(event): rows for (event,), rows in past.responses.partition_by(EVENT, as_dict=True).items()
    }
    return {
        name: {"rows": rows.height, "oldest": rows[TIME].min(), "newest": rows[TIME].max()}  # type: ignore[dict-item]
        for name, rows in parts.items()
        if rows.height
    }


def _version(kind: str, as_of: datetime, now: datetime, model: str, card: Mapping[str, Any]) -> ScoreVersion:
    return ScoreVersion(
        kind=kind, as_of=as_of, known=True, model=model, card=_without_nan(card), created_at=now
    )


def _without_nan(value: Any) -> Any:
    """Return the value with null for numbers that JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _keep(version: ScoreVersion, trained: ScoreModel | LifetimeValue) -> None:
    """Write the artefact before its row, with its checksum."""
    version.artifact = str(Path("scores") / str(version.pk))
    version.checksum = trained.save(settings.ARTIFACTS / version.artifact)
    version.save(force_insert=True)


def _unknown(missing: Unknown, as_of: datetime, now: datetime) -> ScoreVersion:
    card = {**asdict(missing), "missing": missing.missing}
    version = ScoreVersion(kind=missing.kind, as_of=as_of, known=False, card=card, created_at=now)
    version.save(force_insert=True)
    put_in_use(version, 0)
    return version
