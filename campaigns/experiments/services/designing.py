"""Design a test: its variants, what it measures, the people it may meet, and its waves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.experiments.levers import checked
from campaigns.experiments.measures import MEASURES, default_metrics
from campaigns.experiments.models import Experiment, Layer, Metric, Variant, Wave
from campaigns.experiments.statistics.assignment import BUCKETS, Arm, BucketRange, edges

#: While a test is in one of these, nobody else may have its buckets of a layer.
OPEN = (Experiment.State.DRAFT, Experiment.State.RUNNING, Experiment.State.PAUSED)


class DesignError(ValueError):
    """A test that cannot be run as it is designed; the text says what to change."""


@transaction.atomic
def create_experiment(
    *,
    key: str,
    name: str,
    salt: str,
    variants: Sequence[dict[str, Any]],
    holdout_share: float,
    window_days: int,
    now: datetime,
    kind: str = Experiment.Kind.LIVE,
    method: str = Experiment.Method.FIXED,
    hypothesis: str = "",
    metric: str = "conversion",
    metrics: Sequence[Metric] | None = None,
    alpha: float = 0.05,
    minimum_effect: float | None = None,
    planned_looks: int = 1,
    horizon: int | None = None,
    layer: Layer | None = None,
    layer_share: float = 1.0,
) -> Experiment:
    """Store a draft with its variants and metrics; the first variant marked `is_control` is the control.

    A single variant is compared with the hold-out. Without `metrics` a live test gets the usual ones, with
    `metric` to decide. In a layer it takes the first free buckets of `layer_share`. Raises DesignError (a
    ValueError) for weights that cannot be split, a missing control, an unknown metric, a salt that was used
    before or a layer that is full, and ValidationError for a lever that is none.
    """
    edges([Arm(variant["key"], variant.get("weight", 1)) for variant in variants])
    if sum(bool(variant.get("is_control")) for variant in variants) != 1:
        raise DesignError(_("An experiment has exactly one control."))
    if metric not in MEASURES:
        raise DesignError(
            _("There is no metric “%(name)s”. There are: %(known)s.")
            % {"name": metric, "known": ", ".join(MEASURES)}
        )
    if Experiment.objects.filter(salt=salt).exists():
        raise DesignError(_("This salt split another test already. Each test needs one of its own."))
    if not 0 < alpha < 1 or not 1 <= planned_looks <= 50:
        raise DesignError(_("The error rate lies between 0 and 1, and 1 to 50 looks can be planned."))
    BucketRange.share(salt, float(holdout_share))
    low, high = (0, BUCKETS) if layer is None else free_range(layer, layer_share)
    experiment = Experiment.objects.create(
        key=key,
        name=name,
        kind=kind,
        method=method,
        salt=salt,
        hypothesis=hypothesis,
        metric=metric,
        alpha=alpha,
        minimum_effect=minimum_effect,
        planned_looks=planned_looks,
        horizon=horizon,
        holdout_share=holdout_share,
        window_days=window_days,
        layer=layer,
        layer_low=low,
        layer_high=high,
        created_at=now,
    )
    Variant.objects.bulk_create(
        Variant(experiment=experiment, **variant | {"levers": checked(variant.get("levers") or {})})
        for variant in variants
    )
    if kind == Experiment.Kind.LIVE:
        _measure(experiment, metrics or default_metrics(metric, window_days))
    return experiment


@transaction.atomic
def copy_experiment(test: Experiment, now: datetime) -> Experiment:
    """Return a draft of the same design, drawn by another salt: nobody is held out twice because of it."""
    copy = create_experiment(
        key=f"{test.key[:80]}-{uuid4().hex[:8]}",
        name=test.name,
        salt=uuid4().hex,
        variants=[
            {"key": v.key, "name": v.name, "weight": v.weight, "is_control": v.is_control, "levers": v.levers}
            for v in test.variants.order_by("id")
        ],
        holdout_share=float(test.holdout_share),
        window_days=test.window_days,
        now=now,
        method=test.method,
        hypothesis=test.hypothesis,
        metric=test.metric,
        metrics=[_copied(metric) for metric in test.metrics.filter(series=test.series).order_by("id")]
        or None,
        alpha=test.alpha,
        minimum_effect=test.minimum_effect,
        planned_looks=test.planned_looks,
    )
    Wave.objects.bulk_create(
        Wave(experiment=copy, number=wave.number, low=wave.low, high=wave.high, after=wave.after)
        for wave in test.waves.order_by("number")
    )
    return copy


def _copied(metric: Metric) -> Metric:
    metric.pk = None
    metric._state.adding = True
    return metric


def free_range(layer: Layer, share: float) -> tuple[int, int]:
    """Return the first buckets of a layer that no open test has. Call it in the transaction that takes them.

    Raises DesignError when no gap is wide enough.
    """
    wanted = round(share * BUCKETS)
    if not 0 < wanted <= BUCKETS:
        raise DesignError(_("A test takes more than nothing of a layer, and at most all of it."))
    Layer.objects.select_for_update().get(pk=layer.pk)
    taken = layer.experiments.filter(state__in=OPEN).order_by("layer_low")
    low = 0
    for begin, end in [*taken.values_list("layer_low", "layer_high"), (BUCKETS, BUCKETS)]:
        if begin - low >= wanted:
            return low, low + wanted
        low = max(low, end)
    raise DesignError(
        _("The layer “%(layer)s” has no such share free. Wait for one of its tests, or take less.")
        % {"layer": layer.name}
    )


@transaction.atomic
def change_metrics(experiment: Experiment, metrics: Sequence[Metric]) -> int:
    """Give a test other metrics and return the series that begins; nothing changes where they are the same.

    After the start the old ones stay with what they found: the planned looks begin anew, because a metric
    chosen by what was seen must not use up what another one was promised.
    """
    experiment = Experiment.objects.select_for_update().get(pk=experiment.pk)
    before = {_meaning(metric) for metric in experiment.metrics.filter(series=experiment.series)}
    if before == {_meaning(metric) for metric in metrics}:
        return experiment.series
    if sum(metric.role == Metric.Role.PRIMARY for metric in metrics) != 1:
        raise DesignError(_("Exactly one metric decides."))
    if experiment.state == Experiment.State.DRAFT:
        experiment.metrics.all().delete()
    else:
        experiment.series += 1
    experiment.metric = next(m.measure for m in metrics if m.role == Metric.Role.PRIMARY)
    experiment.save(update_fields=["series", "metric"])
    _measure(experiment, metrics)
    return experiment.series


def _measure(experiment: Experiment, metrics: Sequence[Metric]) -> None:
    for metric in metrics:
        metric.experiment, metric.series = experiment, experiment.series
    Metric.objects.bulk_create(metrics)


def _meaning(metric: Metric) -> tuple[Any, ...]:
    return (
        metric.measure, metric.role, metric.good, metric.window_days, metric.cap, metric.covariate_days,
        metric.quantile, metric.margin, metric.relative,
    )  # fmt: skip
