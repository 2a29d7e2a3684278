"""What may be read of plans of offers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from campaigns.coupons.models import CouponPool
from campaigns.experiments.statistics.proportions import newcombe_interval
from campaigns.targeting.models import OfferPlan, PlannedOffer

Why = PlannedOffer.Why


def offers(plan: OfferPlan) -> QuerySet[PlannedOffer]:
    """Return everybody of a plan with their value."""
    return PlannedOffer.objects.filter(plan=plan).select_related("customer", "value__pool")


def pools_of(customer_ids: Iterable[int], plan: OfferPlan) -> dict[int, CouponPool]:
    """Return the pool that each customer's value comes from; who has no value is absent. One query."""
    rows = PlannedOffer.objects.filter(plan=plan, customer_id__in=list(customer_ids), value__isnull=False)
    return {
        row.customer_id: row.value.pool
        for row in rows.select_related("value__pool__promotion")
        if row.value is not None
    }


def needed(plan: OfferPlan) -> dict[CouponPool, int]:
    """Return how many codes the plan needs of each pool."""
    rows = PlannedOffer.objects.filter(plan=plan, value__isnull=False, held_out=False)
    counts = dict(rows.values_list("value").annotate(n=Count("pk")))
    return {value.pool: counts.get(value.pk, 0) for value in plan.values.select_related("pool__promotion")}


def sentence(offer: PlannedOffer) -> str:
    """Say in words why somebody gets what they get."""
    facts = offer.facts
    if offer.value is None or not facts:
        return _("Nothing: %(why)s.") % {"why": offer.get_why_display()}
    words = _(
        "Redeems with %(chance)s, would buy anyway with %(anyway)s, on a basket of %(basket)s %(currency)s: "
        "%(gain)s %(currency)s expected after a discount of %(cost)s %(currency)s on average."
    ) % {
        "chance": _percent(facts["chance"]),
        "anyway": _percent(facts["buys"]),
        "basket": f"{facts['basket']:.2f}",
        "currency": offer.plan.currency,
        "gain": f"{offer.gain:.2f}",
        "cost": f"{offer.cost:.2f}",
    }
    if offer.held_out:
        return _("Left alone, to measure the effect.") + " " + words
    return words


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan brought. Rates are of people; money a person; the interval that of the rates' difference.

    `margin` is margin of purchases less discounts redeemed, with the offer and without; `more_margin` what
    the plan brought in all. `complete` is False while the window is open.
    """

    offered: int
    held_out: int
    offered_rate: float | None
    held_out_rate: float | None
    difference: float | None
    low: float | None
    high: float | None
    margin: float | None
    margin_held_out: float | None
    more_margin: float | None
    complete: bool

    def as_json(self) -> dict[str, Any]:
        """Return the REST shape."""
        return {name: getattr(self, name) for name in self.__slots__}


_CAME = """
    SELECT o.held_out, count(*), count(*) FILTER (WHERE bought.amount IS NOT NULL),
           coalesce(sum(bought.amount), 0), coalesce(sum(bought.discount), 0)
    FROM targeting_plannedoffer o
    LEFT JOIN LATERAL (
        SELECT sum(e.amount) AS amount, sum(e.discount) AS discount
        FROM events_event e
        WHERE e.customer_id = o.customer_id AND e.type = 'purchase'
          AND e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
        HAVING count(*) > 0
    ) AS bought ON true
    WHERE o.plan_id = %(plan)s AND o.value_id IS NOT NULL
    GROUP BY o.held_out
"""


def effect(plan: OfferPlan, *, now: datetime) -> Effect | None:
    """Compare those who were offered something with those left alone; None before the launch.

    By intention: whether or not a message arrived. Newcombe's interval. Margin is the plan's share of
    what was bought before discounts, less the discounts. One query, about 2 s per 200,000.
    """
    if plan.launched_at is None:
        return None
    end = plan.launched_at + timedelta(days=plan.window_days)
    with connection.cursor() as cursor:
        cursor.execute(_CAME, {"plan": plan.pk, "start": plan.launched_at, "end": min(end, now)})
        groups = {held: rest for held, *rest in cursor.fetchall()}
    given, left = groups.get(False, [0, 0, 0, 0]), groups.get(True, [0, 0, 0, 0])
    rates = [bought / people if people else None for people, bought, *_rest in (given, left)]
    share = float(plan.margin_share)
    margins = [
        (share * float(amount + discount) - float(discount)) / people if people else None
        for people, _bought, amount, discount in (given, left)
    ]
    both = given[0] and left[0]
    interval = newcombe_interval(left[1], left[0], given[1], given[0]) if both else None
    more = None if margins[0] is None or margins[1] is None else (margins[0] - margins[1]) * given[0]
    return Effect(
        given[0],
        left[0],
        rates[0],
        rates[1],
        None if rates[0] is None or rates[1] is None else rates[0] - rates[1],
        interval.low if interval else None,
        interval.high if interval else None,
        margins[0],
        margins[1],
        more,
        now >= end,
    )
