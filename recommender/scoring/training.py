"""Train a score on a shop's own past: split by time, compare, calibrate, describe."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recommender.arrays import Float64
from recommender.scoring.additive import Additive, Blend, Linear, Steps, fit_all
from recommender.scoring.calibration import Calibration
from recommender.scoring.drift import Reference
from recommender.scoring.examples import STRIDE, Examples, Tables, codes
from recommender.scoring.features import RUN_UP, SIMPLE, formulas
from recommender.scoring.model import ScoreModel
from recommender.scoring.quality import (
    auc,
    auc_difference,
    auc_interval,
    best_single,
    brier,
    calibration_error,
    reliability,
    wins,
)
from recommender.scoring.relevance import relevance
from recommender.scoring.targets import CHURN, PURCHASE, TARGETS, Target
from recommender.scoring.unknown import FLOOR, Unknown

REPEATS = 5
FOLDS = 3


@dataclass(frozen=True)
class Fitted:
    """A model with its calibration."""

    model: Additive
    calibration: Calibration

    def said(self, examples: Examples) -> Float64:
        """Return probabilities."""
        return self.calibration.probability(self.model.margin(examples.values))[0]


def train_all(tables: Tables, seed: int = 0) -> dict[str, ScoreModel | Unknown]:
    """Train every score; purchase is churn's opposite, so that the two never contradict each other.

    2,500 customers with a year of history take about 15 s of one core.
    """
    found = {kind: train(tables, target, seed) for kind, target in TARGETS.items() if target != PURCHASE}
    churn = found[CHURN.kind]
    found[PURCHASE.kind] = (
        churn.mirrored(PURCHASE)
        if isinstance(churn, ScoreModel)
        else Unknown(PURCHASE.kind, churn.what, churn.found, churn.needed)
    )
    return {kind: found[kind] for kind in TARGETS}


def train(tables: Tables, target: Target, seed: int = 0) -> ScoreModel | Unknown:
    """Train one score as of the tables' moment; nothing at or after it is looked at.

    Features are selected and the models fitted on cuts whose windows end before the newest, and
    compared on that one, which none of them saw. The blend ships unless a single model beats it there by
    a paired interval above zero: one window is too short to trust a smaller lead. It is fitted again
    with the newest window. Unknown below 100 outcomes of the rarer kind,
    or without the history for it.
    """
    examples = tables.examples(target)
    lacking = _lacking(tables, target, examples)
    if lacking is not None:
        return lacking
    days = target.days
    newest, trial = (examples.where(keep) for keep in (examples.age == days, examples.age >= 2 * days))
    if not all(0 < part.came.sum() < len(part) for part in (newest, trial)):
        return Unknown(target.kind, "separate periods with both outcomes", 1, 2)
    chosen = relevance(examples.names, trial.values, trial.came)
    names = tuple(row.feature for row in chosen if row.kept)
    fitted = _fit(trial.only(names), seed)
    asked = newest.only(names)
    said = {name: one.said(asked) for name, one in fitted.items()}
    gain = auc_difference(newest.came, said[Steps.name], said[Linear.name], seed)
    won = wins(newest.came, said, seed)
    leads = {
        name: auc_difference(newest.came, said[name], said[Blend.name], seed)
        for name in (Linear.name, Steps.name)
    }
    best = max(leads, key=lambda name: leads[name].low)
    winner = best if leads[best].low > 0 else Blend.name
    shipped = _fit(examples.only(names), seed)[winner]
    simple = newest.only(tuple(name for name in newest.names if name in SIMPLE))
    single, single_auc, alone = best_single(simple.came, simple.values)
    card: dict[str, Any] = {
        "kind": target.kind,
        "days": days,
        "moment": tables.moment,
        "examples": len(examples),
        "outcomes": _outcomes(examples, days),
        "customers": len(set(examples.users)),
        "window_days": float(examples.age.max()),
        "base_rate": float(newest.came.mean()),
        "base_rates": _base_rates(examples),
        "model": winner,
        "calibration": shipped.calibration.method,
        "compared": {name: _quality(newest, values, seed) for name, values in said.items()},
        "won": won,
        "boosting_less_logistic": asdict(gain),
        "less_blend": {name: asdict(lead) for name, lead in leads.items()},
        "single": {"feature": simple.names[single], "auc": single_auc},
        "less_single": asdict(auc_difference(newest.came, said[winner], alone, seed)),
        "reliability": [asdict(point) for point in reliability(newest.came, said[winner])],
        "importance": _importance(fitted[winner], asked, seed),
        "relevance": [asdict(row) for row in chosen],
        "formulas": {name: formulas()[name] for name in names},
    }
    reference = Reference.of(examples.only(names).values)
    return ScoreModel(target, names, shipped.model, shipped.calibration, reference, card)


def _fit(examples: Examples, seed: int) -> dict[str, Fitted]:
    """Fit every family on all examples, and calibrate each on customers that its twin did not see.

    The held-out slices are customers and not the newest weeks: a shop's offers come and go, and the last
    month's level would be taken for the next one's.
    """
    people = codes(examples.users)
    fold = np.random.default_rng(seed).permutation(int(people.max()) + 1)[people] % FOLDS
    held: dict[str, Float64] = {}
    for number in range(FOLDS):
        out = fold == number
        for name, model in fit_all(examples.values[~out], examples.came[~out], seed).items():
            held.setdefault(name, np.empty(len(examples)))[out] = model.margin(examples.values[out])
    return {
        name: Fitted(model, Calibration.fit(held[name], examples.came, people, seed))
        for name, model in fit_all(examples.values, examples.came, seed).items()
    }


def _outcomes(examples: Examples, days: float) -> int:
    """Count the rarer outcome in windows that do not overlap."""
    apart = examples.came[examples.age % days == 0]
    return int(min(apart.sum(), len(apart) - apart.sum())) if len(apart) else 0


def _base_rates(examples: Examples) -> list[dict[str, float]]:
    """Return how often the outcome came true after each cut, the newest first: whether it comes in waves."""
    return [
        {"age": float(age), "rate": float(examples.came[examples.age == age].mean())}
        for age in np.unique(examples.age)
    ]


def _lacking(tables: Tables, target: Target, examples: Examples) -> Unknown | None:
    outcomes = _outcomes(examples, target.days)
    if outcomes < FLOOR:
        return Unknown(target.kind, "outcomes of the rarer kind", outcomes, FLOOR)
    oldest, needed = float(examples.age.max()), 2 * target.days + STRIDE
    if oldest < needed:
        whole = int(RUN_UP + needed)
        return Unknown(target.kind, "days of history", min(int(tables.days), whole - 1), whole)
    return None


def _quality(newest: Examples, said: Float64, seed: int) -> Mapping[str, Any]:
    return {
        "auc": asdict(auc_interval(newest.came, said, seed)),
        "brier": brier(newest.came, said),
        "calibration_error": calibration_error(newest.came, said),
    }


def _importance(fitted: Fitted, asked: Examples, seed: int) -> list[dict[str, Any]]:
    """Return how much AUC is lost when a feature is shuffled between customers (Breiman 2001)."""
    terms = fitted.model.contributions(asked.values)
    margin = terms.sum(axis=1)
    whole = auc(asked.came, margin)
    random = np.random.default_rng(seed)
    rows = []
    for place, name in enumerate(asked.names):
        own = terms[:, place]
        lost = [whole - auc(asked.came, margin - own + random.permutation(own)) for _ in range(REPEATS)]
        rows.append({"feature": name, "auc_lost": float(np.mean(lost))})
    return sorted(rows, key=lambda row: -float(row["auc_lost"]))
