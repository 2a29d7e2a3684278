"""Evaluate models by what customers did after a cut: the protocol CJ-28 and its like."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from recommender.base import Recommender
from recommender.columns import OBJECTIVES, TIME, Objective
from recommender.dataset import Dataset
from recommender.errors import DataError
from recommender.models import LINE_UP, create_seeded
from recommender.reading import Cleaned, clean_interactions
from recommender.validation.intervals import pool
from recommender.validation.measuring import Say, evaluate_split
from recommender.validation.report import Report
from recommender.validation.splits import Split, cut_at, holdout

Moment = str | float | date | datetime


def evaluate(
    interactions: pl.DataFrame,
    cut: Moment | Sequence[Moment] | None = None,
    days: float = 28.0,
    models: Sequence[str | Recommender] | Mapping[str, Recommender] = LINE_UP,
    *,
    items: pl.DataFrame | None = None,
    min_item_users: int = 5,
    k: int = 10,
    seed: int = 0,
    resamples: int = 1000,
    objectives: Sequence[Objective] = OBJECTIVES,
    category: str | None = None,
    say: Say | None = None,
) -> Report:
    """Train on what lies before ``cut``, ask about the ``days`` after it, compare the models in pairs.

    Several cuts are evaluated one by one (each model learns anew) and pooled: figures are means over the
    cuts, intervals resample users, of whom one may be asked at every cut. The single reports are in
    ``parts``.

    ``models`` are names or unfitted models, or unfitted models under labels. Full ranking over the
    catalogue (items with at least ``min_item_users`` users before the cut); evaluated are users with a
    training row and at least one true item; ``discover`` masks and does not count what a user already
    had. Without timestamps, and so without ``cut``, a seeded 80/20 hold-out of each user's items serves.
    Names ending in 10 in the report assume k = 10.
    """
    cleaned = clean_interactions(interactions)
    cuts = _cuts(cut)
    if not cuts and cleaned.has_time:
        raise DataError(_where_to_cut(cleaned, days))
    if not isinstance(models, Mapping):
        made = [create_seeded(entry, seed) if isinstance(entry, str) else entry for entry in models]
        models = {model.name: model for model in made}
    parts = []
    edges: list[Moment | None] = [*cuts] or [None]
    for edge in edges:
        if say is not None and len(cuts) > 1:
            say(f"cut {edge}")
        part = evaluate_split(
            _split(cleaned, edge, days, items, min_item_users, seed),
            models,
            k=k,
            seed=seed,
            resamples=resamples,
            objectives=objectives,
            category=category,
            cut=None if edge is None else str(edge),
            days=None if edge is None else days,
            rejected=cleaned.rejected,
            say=say,
        )
        parts.append(part)
    return parts[0] if len(parts) == 1 else pool(parts, resamples, seed)


def _where_to_cut(cleaned: Cleaned, days: float) -> str:
    """Say what the rows span and which cut would ask about their last days."""
    times = cleaned.frame[TIME].to_numpy()
    if not len(times):
        return "no usable interactions with a timestamp"
    first, last = (datetime.fromtimestamp(edge, UTC) for edge in (times.min(), times.max()))
    cut = last - timedelta(days=days - 1)
    return (
        f"the interactions have timestamps ({first:%Y-%m-%d} to {last:%Y-%m-%d}): say where to cut them, "
        f"for example --cut {cut:%Y-%m-%d}"
    )


def _cuts(cut: Moment | Sequence[Moment] | None) -> list[Moment]:
    if cut is None:
        return []
    cuts: list[Moment] = [cut] if isinstance(cut, str | float | int | date) else list(cut)
    if len(set(map(str, cuts))) != len(cuts):
        raise DataError("every cut may be given once only")
    return cuts


def _split(
    cleaned: Cleaned,
    cut: Moment | None,
    days: float,
    items: pl.DataFrame | None,
    min_item_users: int,
    seed: int,
) -> Split:
    if cut is None:
        return holdout(Dataset.from_clean(cleaned, items, min_item_users=min_item_users), seed)
    return cut_at(cleaned, cut, days, items=items, min_item_users=min_item_users)
