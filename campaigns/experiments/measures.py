"""What can be measured of a person in a test, and what is measured unless somebody says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns.experiments.models import Metric

_PROPORTION, _MEAN = Metric.Kind.PROPORTION, Metric.Kind.MEAN
_RATIO, _QUANTILE = Metric.Kind.RATIO, Metric.Kind.QUANTILE


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is counted of each person; `of` and `per` name columns of live.facts.

    `of_messages` says that it needs a message, so that somebody held out can never show it. `money` is in
    the shop's currency.
    """

    key: str
    name: Any
    kind: Metric.Kind
    of: str
    per: str = ""
    good: Metric.Good = Metric.Good.INCREASE
    of_messages: bool = False
    money: bool = False


_LESS = Metric.Good.DECREASE
MEASURES = {
    one.key: one
    for one in (
        Measure("conversion", _("ordered"), _PROPORTION, "ordered"),
        Measure("revenue", _("revenue a person"), _MEAN, "revenue", money=True),
        Measure("orders", _("orders a person"), _MEAN, "orders"),
        Measure("margin", _("margin after discounts, a person"), _MEAN, "margin", money=True),
        Measure("order_value", _("value of an order"), _RATIO, "revenue", "orders", money=True),
        Measure("basket", _("what the upper tenth of buyers spends"), _QUANTILE, "revenue", money=True),
        Measure("redeemed", _("redeemed a coupon"), _PROPORTION, "redeemed"),
        Measure("clicked", _("clicked"), _PROPORTION, "clicked", of_messages=True),
        Measure("opened", _("opened, machines left out"), _PROPORTION, "opened", of_messages=True),
        Measure("unsubscribed", _("unsubscribed"), _PROPORTION, "unsubscribed", good=_LESS, of_messages=True),
        Measure("complained", _("complained"), _PROPORTION, "complained", good=_LESS, of_messages=True),
        Measure("bounced", _("bounced"), _PROPORTION, "bounced", good=_LESS, of_messages=True),
    )
}

#: The upper tenth, of those who bought (measure `basket`).
UPPER = 0.9
#: Orders of e-mails are few and some are huge: the twin cuts off the highest in a thousand.
CAP = 0.999
#: What is known of so many days before takes noise away.
COVARIATE_DAYS = 90


def default_metrics(primary: str, window_days: int) -> Sequence[Metric]:
    """Return a test's metrics, unsaved: what decides, what is shown, and what must not get worse.

    The margins are those that the shop tolerates of any campaign: 0.1 points more unsubscribe, .02 points
    more complain, half a point more bounces, 2 % less revenue a person.
    """
    metrics = [metric(primary, Metric.Role.PRIMARY, window_days)]
    shown = ("clicked", "conversion", "revenue", "order_value")
    metrics += [metric(key, Metric.Role.SECONDARY, window_days) for key in shown if key != primary]
    for key, margin, relative in (
        ("unsubscribed", 0.001, False),
        ("complained", 0.0002, False),
        ("bounced", 0.005, False),
        ("revenue", 0.02, True),
        ("margin", 0.02, True),
    ):
        if key != primary:
            metrics.append(metric(key, Metric.Role.GUARDRAIL, window_days, margin=margin, relative=relative))
    return metrics


def metric(
    key: str,
    role: Metric.Role,
    window_days: int,
    *,
    margin: float | None = None,
    relative: bool = False,
    good: str | None = None,
) -> Metric:
    """Return one metric, unsaved, with what its measure implies. Raises KeyError for an unknown measure."""
    measure = MEASURES[key]
    counted = measure.kind == _MEAN
    return Metric(
        measure=key,
        kind=measure.kind,
        role=role,
        good=good or measure.good,
        window_days=window_days,
        cap=CAP if counted else None,
        covariate_days=COVARIATE_DAYS if counted and measure.key in ("revenue", "margin", "orders") else 0,
        quantile=UPPER if measure.kind == _QUANTILE else None,
        margin=margin,
        relative=relative,
    )
