"""Look at an experiment: what differed, how sure that is, and whether the split itself is sound.

A look is stored as a Snapshot with its sufficient statistics, so it can be computed again bit for bit.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction

from campaigns.experiments.frames import bought_from_lists, ordered
from campaigns.experiments.models import Experiment, Snapshot, Variant
from campaigns.experiments.statistics.paired import PairedCounts, compare_pairs
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.experiments.statistics.sample_ratio import check_sample_ratio
from campaigns.experiments.statistics.verdict import verdict
from recommendations.models import ModelVersion
from recommendations.selectors import version_at
from recommendations.services import ensure_lists

CODE_VERSION = "1"


class NothingToAnalyseError(ValueError):
    """The experiment lacks what this analysis needs; the text says what."""


def replay(
    experiment: Experiment, *, objective: str, length: int, as_of: datetime, now: datetime
) -> Snapshot:
    """Analyse two recommender strategies offline, on what the same people bought afterwards.

    Nobody was treated, so this is no A/B test: both variants' lists are scored for every assigned
    customer, held out or not, and compared pair by pair. `as_of` is the moment the lists were made for;
    the window starts there. The treated-against-held-out figure is an A/A check.
    """
    control, treatment = _two_arms(experiment)
    versions = {variant.pk: _version(variant, as_of) for variant in (control, treatment)}
    people = list(experiment.assignments.order_by("customer_id").values_list("customer_id", flat=True))
    for version in versions.values():
        ensure_lists(version, objective, people)
    frame = bought_from_lists(
        experiment,
        versions=[version.pk for version in versions.values()],
        objective=objective,
        length=length,
        start=as_of,
    )
    wide = frame.pivot(on="model_version", index="customer_id", values="converted").drop_nulls()
    names = {pk: str(version.pk) for pk, version in versions.items()}
    if wide.is_empty() or any(name not in wide.columns for name in names.values()):
        raise NothingToAnalyseError(f"Nobody is assigned to “{experiment.name}”. Launch its campaign first.")
    pairs = PairedCounts.from_outcomes(
        wide[names[control.pk]].to_numpy(), wide[names[treatment.pk]].to_numpy()
    )
    try:
        result = compare_pairs(pairs, alpha=experiment.alpha)
    except NotComputableError as refused:
        raise NothingToAnalyseError(f"“{experiment.name}” cannot be judged: {refused}") from refused
    outcomes = ordered(experiment, start=as_of)
    results = {
        "kind": Experiment.Kind.REPLAY.value,
        "objective": objective,
        "list_length": length,
        "window_days": experiment.window_days,
        "variants": [
            _arm(control, pairs.n, pairs.both + pairs.control_only),
            _arm(treatment, pairs.n, pairs.both + pairs.treatment_only),
        ],
        "difference": result.value,
        "interval": [result.interval.low, result.interval.high],
        "p_value": result.p_value,
        "verdict": verdict(result.interval).value,
        "holdout_check": _holdout_check(outcomes, experiment.alpha),
        "sample_ratio": _sample_ratio(outcomes, [control, treatment]),
    }
    statistics = {
        "pairs": asdict(pairs),
        "versions": {variant.key: names[variant.pk] for variant in (control, treatment)},
    }
    return _store(experiment, statistics, results, as_of=as_of, now=now)


def latest(experiment: Experiment) -> Snapshot | None:
    """Return the last look, or None before the first."""
    return experiment.snapshots.order_by("-look").first()


def _two_arms(experiment: Experiment) -> tuple[Variant, Variant]:
    variants = list(experiment.variants.order_by("id"))
    if len(variants) != 2:
        raise NothingToAnalyseError(
            f"A replay compares two variants; “{experiment.name}” has {len(variants)}."
        )
    variants.sort(key=lambda variant: not variant.is_control)
    return variants[0], variants[1]


def _version(variant: Variant, as_of: datetime) -> ModelVersion:
    strategy = variant.levers.get("strategy")
    version = version_at(strategy, as_of) if strategy else None
    if version is None:
        raise NothingToAnalyseError(
            f"Variant “{variant.name}” has no model trained as of {as_of:%Y-%m-%d}. Train it first."
        )
    return version


def _arm(variant: Variant, n: int, conversions: int) -> dict[str, Any]:
    return {
        "key": variant.key,
        "name": variant.name,
        "is_control": variant.is_control,
        "n": n,
        "conversions": conversions,
        "rate": conversions / n,
    }


def _holdout_check(people: pl.DataFrame, alpha: float) -> dict[str, Any] | None:
    """Compare those who were written to with those held out: who ordered in the window."""
    held = people.filter(pl.col("variant_id").is_null())["converted"]
    treated = people.filter(pl.col("variant_id").is_not_null())["converted"]
    try:
        found = compare_proportions(int(held.sum()), len(held), int(treated.sum()), len(treated), alpha=alpha)
    except NotComputableError as refused:
        return {"reason": refused.reason.value, "held_out": len(held), "treated": len(treated)}
    interval = found.difference.interval
    return {
        "difference": found.difference.value,
        "interval": [interval.low, interval.high],
        "p_value": found.difference.p_value,
        "held_out": {"n": len(held), "conversions": int(held.sum())},
        "treated": {"n": len(treated), "conversions": int(treated.sum())},
    }


def _sample_ratio(people: pl.DataFrame, variants: list[Variant]) -> dict[str, Any]:
    counts = [people.filter(pl.col("variant_id") == variant.pk).height for variant in variants]
    check = check_sample_ratio(counts, [variant.weight for variant in variants])
    return {"p_value": check.p_value, "clean": check.clean, "counts": counts}


@transaction.atomic
def _store(
    experiment: Experiment,
    statistics: dict[str, Any],
    results: dict[str, Any],
    *,
    as_of: datetime,
    now: datetime,
) -> Snapshot:
    """Append a look; the same data seen again returns the look there is."""
    Experiment.objects.select_for_update().get(pk=experiment.pk)
    last = latest(experiment)
    if last and last.as_of == as_of and last.statistics == statistics and last.results == results:
        return last
    return Snapshot.objects.create(
        experiment=experiment,
        look=(last.look if last else 0) + 1,
        as_of=as_of,
        statistics=statistics,
        results=results,
        code_version=CODE_VERSION,
        created_at=now,
    )
