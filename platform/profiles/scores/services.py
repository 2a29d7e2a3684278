"""Train the scores on the shop's own past, keep them as versions, and say them of every customer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection

from accounts.jobs import Progress, silent
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.facts import read_past
from profiles.scores.runs import Run, begin
from profiles.scores.selectors import KINDS
from profiles.scores.store import BATCH, keep, keep_unknown, prune, put_in_use, still_without, write_batch
from recommender.columns import EVENT, SCORE, TIME
from recommender.dataset import DAY
from recommender.errors import DataError
from recommender.scoring import PURCHASE, TARGETS, Past, ScoreModel, Tables, Unknown, train
from recommender.scoring.lifetime import LifetimeValue, check, fit_lifetime_value, purchases

#: The period that lifetime value is said for.
VALUE_DAYS = 365.0
#: Its hold-out check forecasts this much of the past.
CHECK_DAYS = 84.0
VALUE = CustomerScore.Kind.LIFETIME_VALUE.value
_PARTS = 100  # of progress, for each kind

_LOCK = 0x5343_4F52


def score_customers(
    *, as_of: datetime, now: datetime, seed: int = 0, progress: Progress = silent, any_moment: bool = False
) -> list[ScoreVersion]:
    """Train every score on the facts before `as_of` and give it to every customer; return the versions.

    Repeating it gives the same scores under new versions. Batches of 10,000 are committed one by one:
    whoever reads meanwhile sees each customer's old score or the new one. A run that was cut off within
    the last hour goes on: what was trained is not trained again, and only customers who have nothing of
    it yet are scored. With `any_moment` that holds also where it was meant for another moment, which then
    stays. Two runs take turns. A score that cannot be trained yet loses its rows, so that *unknown* never
    looks like a number; its version says what is missing. Old artefacts are pruned in the end.
    """
    with _one_at_a_time():
        run = begin(as_of=as_of, now=now, seed=seed, any_moment=any_moment)
        progress(0, len(KINDS) * _PARTS, "facts")
        past = read_past(run.as_of)
        tables = Tables(past, run.as_of.timestamp(), seed=seed)
        for number, kind in enumerate(KINDS):
            told = _part(progress, number, "lifetime value" if kind == VALUE else "training")
            told(0.0)
            _value(run, past, told) if kind == VALUE else _probability(run, kind, tables, told)
        prune()
        progress(len(KINDS) * _PARTS, len(KINDS) * _PARTS)
        return [run.versions[kind] for kind in KINDS]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _part(progress: Progress, number: int, message: str) -> Callable[[float], None]:
    """Return how one kind reports its own share, from 0 to 1, of the whole."""
    return lambda share: progress(int((number + share) * _PARTS), len(KINDS) * _PARTS, message)


def _probability(run: Run, kind: str, tables: Tables, told: Callable[[float], None]) -> None:
    """Give one score, after training it unless an earlier attempt of the run did."""
    version = run.versions.get(kind)
    if version is not None and version.active:
        return
    trained = _trained(run, kind, tables) if version is None else _load(version)
    if isinstance(trained, Unknown):
        run.versions[kind] = keep_unknown(run, trained)
        return
    everybody = tables.at(0.0)
    if version is None:
        card = {**trained.card, "sources": _sources(tables.everybody)}
        drift = [{**asdict(row), "level": row.level} for row in trained.drift(everybody)]
        version = keep(run, kind, trained.card["model"], card, trained, drift)
    _give(version, still_without(version, everybody), trained.score, told)


def _trained(run: Run, kind: str, tables: Tables) -> ScoreModel | Unknown:
    """Train a score; purchase is churn's opposite, so that the two never contradict each other."""
    if tables.everybody.baskets.is_empty():
        return Unknown(kind, "orders", 0, 1)
    if kind != PURCHASE.kind:
        return train(tables, TARGETS[kind], run.seed)
    churn = run.versions[CustomerScore.Kind.CHURN]
    if churn.known:
        return _load(churn).mirrored(PURCHASE)
    return Unknown(kind, churn.card["what"], churn.card["found"], churn.card["needed"])


def _load(version: ScoreVersion) -> ScoreModel:
    return ScoreModel.load(settings.ARTIFACTS / version.artifact, version.checksum)


def _give(
    version: ScoreVersion,
    people: pl.DataFrame,
    score: Callable[[pl.DataFrame], pl.DataFrame],
    told: Callable[[float], None],
) -> None:
    """Score people in batches, each committed by itself, and put the version in use."""
    for number, batch in enumerate(people.iter_slices(BATCH), start=1):
        write_batch(score(batch), version)
        told(min(number * BATCH / people.height, 1.0))
    put_in_use(version)


def _value(run: Run, past: Past, told: Callable[[float], None]) -> None:
    version = run.versions.get(VALUE)
    if version is not None and version.active:
        return
    moment = run.as_of.timestamp()
    fitted = _fitted(past, moment) if version is None else _load_value(version)
    if isinstance(fitted, Unknown):
        run.versions[VALUE] = keep_unknown(run, fitted)
        return
    if version is None:
        card = {"days": VALUE_DAYS, **asdict(fitted), "check": _checked(past, moment, run.seed)}
        version = keep(run, VALUE, "bg-nbd", {**card, "sources": _sources(past)}, fitted, [])
    people = purchases(past.baskets, moment)
    said = fitted.predict(people, VALUE_DAYS, seed=run.seed).rename({"value": SCORE})
    reasons = pl.concat_list(
        pl.struct(feature=pl.lit(name), value=pl.col(name), adds=pl.lit(None, pl.Float64))
        for name in ("purchases", "alive", "basket")
    )
    said = said.filter(pl.col(SCORE).is_finite()).with_columns(reasons=reasons)
    _give(version, still_without(version, said), lambda batch: batch, told)


def _fitted(past: Past, moment: float) -> LifetimeValue | Unknown:
    if past.baskets.is_empty():
        return Unknown(VALUE, "orders", 0, 1)
    try:
        return fit_lifetime_value(purchases(past.baskets, moment))
    except DataError as error:
        return Unknown(VALUE, str(error), 0, 1)


def _load_value(version: ScoreVersion) -> LifetimeValue:
    return LifetimeValue.load(settings.ARTIFACTS / version.artifact, version.checksum)


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
