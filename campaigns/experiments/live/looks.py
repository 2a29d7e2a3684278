"""Take a look at a live test: read, tally, judge, store. Decides nothing (see deciding)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection, transaction

from campaigns.experiments.live.facts import Facts, outcomes, read, runs_of
from campaigns.experiments.live.judging import VERSION, judge
from campaigns.experiments.live.standing import Standing, planned_looks, standing
from campaigns.experiments.live.tallies import HELD, WRITTEN, counts, groups_of, series_key, tally
from campaigns.experiments.measures import COVARIATE_DAYS, MEASURES
from campaigns.experiments.models import Experiment, Metric, Snapshot, Variant
from campaigns.experiments.services import drop_ghosts, expose_skipped
from campaigns.experiments.statistics.moments import Moments, to_dict
from campaigns.margins import of_shop


def take_look(
    experiment: Experiment,
    *,
    as_of: datetime,
    now: datetime,
    planned: bool = False,
    last: bool = False,
    where: Standing | None = None,
) -> Snapshot:
    """Analyse a live test as of a moment and append the look; the same facts give the same one again.

    A `planned` look spends error rate up to its share of the information (`last`: all of it). `where` is how
    far the test is, if the caller has asked already. A million people take about 5 s.
    """
    _settle(experiment)
    metrics = list(experiment.metrics.filter(series=experiment.series).order_by("id"))
    fractions = planned_looks(experiment) if planned else []
    before = max((metric.covariate_days for metric in metrics), default=0) or COVARIATE_DAYS
    facts = read(experiment, before_days=before, as_of=as_of)
    where = where or standing(experiment, now=as_of, people=facts.people)
    if planned:
        fraction = 1.0 if last or where.over else where.fraction or 1.0
        if not fractions or fraction > fractions[-1]:
            fractions = [*fractions, fraction]
    statistics = summarise(
        experiment,
        metrics,
        facts,
        margin_share=_margin_share(metrics, as_of),
        fractions=fractions,
        last=last or where.over,
        before_days=before,
    )
    statistics["ratio"] = _ratio(experiment, list(experiment.variants.order_by("id")), facts.people)
    results = judge(statistics)
    return _store(experiment, statistics, results, as_of=as_of, now=now, fractions=fractions)


def summarise(
    experiment: Experiment,
    metrics: Sequence[Metric],
    facts: Facts,
    *,
    margin_share: float,
    fractions: Sequence[float] = (),
    last: bool = False,
    before_days: int = COVARIATE_DAYS,
) -> dict[str, Any]:
    """Return the sufficient statistics of everything that is judged; plain JSON."""
    variants = list(experiment.variants.order_by("id"))
    arms = {variant.pk: variant.key for variant in variants}
    names = [*arms.values(), HELD, WRITTEN]
    frames: dict[int, pl.DataFrame] = {}
    tallies: list[dict[str, Any]] = []
    grouped: dict[int, tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame] | None]] = {}
    primary = next(metric for metric in metrics if metric.role == Metric.Role.PRIMARY)
    for metric in metrics:
        window = metric.window_days
        if window not in grouped:
            frames[window] = outcomes(
                facts, window_days=window, before_days=before_days, margin_share=margin_share
            )
            met = groups_of(frames[window], arms)
            past = None
            if window == primary.window_days:
                done = frames[window]["closed"]
                past = met if done.all() else groups_of(frames[window].filter(done), arms)
            grouped[window] = met, past
        met, past = grouped[window]
        entry: dict[str, Any] = {"met": tally(metric, met)}
        if metric.role == Metric.Role.PRIMARY and past is not None:
            entry["closed"] = tally(metric, past)
        tallies.append(entry)
    frame = frames[primary.window_days]
    met, _closed = grouped[primary.window_days]
    return {
        "design": {
            "alpha": experiment.alpha,
            "series": experiment.series,
            "arms": [
                {"key": v.key, "name": v.name, "is_control": v.is_control, "weight": v.weight}
                for v in variants
            ],
            "metrics": [
                entry | {"of_messages": MEASURES[entry["measure"]].of_messages}
                for entry in series_key(metrics)
            ],
        },
        "fractions": list(fractions),
        "last": last,
        "window_passed": bool(frame["closed"].any()),
        "planned_people": max(experiment.horizon or 0, frame.height, 1),
        "margin_share": margin_share,
        "buyers": int(frame.filter(pl.col("closed"))["ordered"].sum()),
        "counts": {
            "met": counts(met, names),
            "assigned": _assigned(experiment, arms),
            "bounced": {name: int(met[name]["bounced"].sum()) for name in names},
            "machine": {name: int(met[name]["machine"].sum()) for name in names},
            "revenue": {
                name: to_dict(Moments.from_values(met[name]["revenue"].to_numpy())) for name in names
            },
            "multiple": facts.multiple,
        },
        "tallies": tallies,
        "segments": _segments(primary, frame, arms),
    }


def recompute(look: Snapshot) -> dict[str, Any]:
    """Return a look's results from its stored statistics: the same bits while the code is the same."""
    return judge(look.statistics)


#: What somebody had bought in the days before the test: known before it, hence nothing that it changed.
_BEFORE = (
    ("not lately", pl.col("orders_before") == 0),
    ("once or twice", pl.col("orders_before").is_between(1, 2)),
    ("more often", pl.col("orders_before") > 2),
)


def _segments(primary: Metric, frame: pl.DataFrame, arms: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the primary metric by what people bought before: for exploring only."""
    return [
        {"name": name, "tallies": tally(primary, groups_of(frame.filter(chosen), arms))}
        for name, chosen in _BEFORE
    ]


def _margin_share(metrics: Sequence[Metric], as_of: datetime) -> float:
    """Return what the shop keeps of a price: by its products' costs where they are known, else as it says."""
    if all(metric.measure != "margin" for metric in metrics):
        return float(settings.MARGIN_SHARE)
    known = of_shop(until=as_of)
    return float(known.share) if known else float(settings.MARGIN_SHARE)


def _assigned(experiment: Experiment, arms: Mapping[int, str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(variant_id, 0), count(*) FROM experiments_assignment"
            " WHERE experiment_id = %s GROUP BY 1",
            [experiment.pk],
        )
        return {arms.get(pk, HELD): n for pk, n in cursor.fetchall()}


def _ratio(experiment: Experiment, variants: Sequence[Variant], people: pl.DataFrame) -> dict[str, Any]:
    """Return how many of each arm met the test and how many should have, policy by policy.

    By policy, so that shares that were changed on the way are each judged by their own.
    """
    drawn_at_shares = people.filter((pl.col("explored") == 1) | (pl.col("variant_id") == 0))
    counted = drawn_at_shares.group_by("policy", "variant_id").len()
    # By name, not by the order in which policies came: sums of floats must have the same bits.
    rows = counted.cast({"policy": pl.String}).sort("policy", "variant_id").rows()
    observed, expected = {v.pk: 0 for v in variants}, {v.pk: 0.0 for v in variants}
    held, treated = 0, 0
    for policy in dict.fromkeys(row[0] for row in rows):
        here = {pk: n for name, pk, n in rows if name == policy}
        held += here.pop(0, 0)
        drawn = sum(here.values())
        treated += drawn
        shares = _shares(policy, variants)
        for variant in variants:
            observed[variant.pk] += here.get(variant.pk, 0)
            expected[variant.pk] += drawn * shares[variant.pk]
    share = float(experiment.holdout_share)
    compared = [v for v in variants if expected[v.pk] > 0 or observed[v.pk]]
    whole = experiment.method == Experiment.Method.FIXED and share > 0
    return {
        "observed": [observed[v.pk] for v in compared],
        "expected": [expected[v.pk] for v in compared],
        "groups": [held, treated] if whole else [],
        "groups_expected": [share, 1 - share] if whole else [],
    }


def _shares(policy: str, variants: Sequence[Variant]) -> dict[int, float]:
    """Return the planned share of each arm under a policy (services.assigning.policy_of)."""
    _name, _space, written = policy.partition(" ")
    weights = [float(w) for w in written.split("/")] if written else [1.0] * len(variants)
    total = sum(weights) or 1.0
    return {v.pk: w / total for v, w in zip(variants, weights, strict=False)}


def _settle(experiment: Experiment) -> None:
    """Make both groups alike: what frequency caps kept back is met, what was overtaken is not."""
    runs = runs_of(experiment)
    if not runs:
        return
    expose_skipped(experiment, runs)
    if event := experiment.campaign.unless_event:
        drop_ghosts(experiment, runs, event=event)


@transaction.atomic
def _store(
    experiment: Experiment,
    statistics: dict[str, Any],
    results: dict[str, Any],
    *,
    as_of: datetime,
    now: datetime,
    fractions: Sequence[float],
) -> Snapshot:
    """Append a look; the same data seen again returns the look there is."""
    Experiment.objects.select_for_update(no_key=True).get(pk=experiment.pk)
    last = experiment.snapshots.order_by("-look").first()
    if last and last.statistics == statistics and last.results == results:
        return last
    return Snapshot.objects.create(
        experiment=experiment,
        look=(last.look if last else 0) + 1,
        series=experiment.series,
        planned=bool(fractions),
        fraction=fractions[-1] if fractions else None,
        as_of=as_of,
        statistics=statistics,
        results=results,
        code_version=VERSION,
        created_at=now,
    )
