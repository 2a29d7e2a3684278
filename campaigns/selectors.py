"""What may be read of campaigns: how far they are, and what came of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, QuerySet, Sum

from campaigns.coupons.models import Redemption
from campaigns.models import Campaign
from campaigns.outcomes.selectors import Attributed, Engagement, attributed, engagement
from campaigns.schedule.sending import SOURCE
from campaigns.targeting.selectors import needed
from core import clock
from core.money import Money
from delivery.models import Run
from delivery.selectors import Breakdown, breakdown, skip_reasons, total

# Who was to be written to by several sendings counts once, and so does what he or she bought after them. In a
# run that takes messages little by little, each has its own window. The bounds spare most partitions.
_OUTCOMES = """
WITH written AS (
    SELECT m.customer_id, m.state = 'held_out' AS held_out, m.context->>'variant' AS variant,
           CASE WHEN r.open_until IS NULL THEN r.as_of ELSE m.due_at END AS since
      FROM delivery_message m JOIN delivery_run r ON r.id = m.run_id
     WHERE m.run_id = ANY(%(runs)s::uuid[])
), people AS (
    SELECT held_out, variant, count(DISTINCT customer_id) AS people FROM written GROUP BY 1, 2
), did AS (
    SELECT {distinct} w.held_out, w.variant, e.id, e.type, e.customer_id, e.order_id, e.amount
      FROM written w JOIN events_event e
        ON e.customer_id = w.customer_id AND e.type IN ('purchase', 'refund')
       AND e.occurred_at >= w.since AND e.occurred_at < w.since + %(goal)s
       AND e.occurred_at >= %(first)s AND e.occurred_at < %(last)s
)
SELECT p.held_out, p.variant, p.people,
       count(DISTINCT d.customer_id) FILTER (WHERE d.type = 'purchase') AS buyers,
       count(DISTINCT d.order_id) FILTER (WHERE d.type = 'purchase') AS orders,
       coalesce(sum(d.amount) FILTER (WHERE d.type = 'purchase'), 0)
         - coalesce(sum(abs(d.amount)) FILTER (WHERE d.type = 'refund'), 0) AS revenue
  FROM people p
  LEFT JOIN did d ON d.held_out = p.held_out AND d.variant IS NOT DISTINCT FROM p.variant
 GROUP BY 1, 2, 3
 ORDER BY 1, 2
"""
#: The newest sendings that a report lists one by one.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group of the audience bought in the goal window, whether or not their mail arrived.

    `variant` is None without a test; revenue is purchases less refunds in the shop's currency.
    """

    variant: str | None
    held_out: bool
    people: int
    buyers: int
    orders: int
    revenue: Decimal

    @property
    def rate(self) -> float | None:
        """Return the share that bought."""
        return self.buyers / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of a campaign with its parts."""

    run: Run
    parts: Breakdown


@dataclass(frozen=True, slots=True)
class Report:
    """A campaign in figures: of all its sendings, or of one. The eight parts add up to the audience.

    `run` is the sending that is shown, of several the latest; `sendings` are the campaign's, the newest
    first, and `sent_times` is how many there are.
    """

    campaign: Campaign
    run: Run | None
    sendings: list[Sending]
    sent_times: int
    parts: Breakdown
    reasons: dict[str, int]
    window: tuple[datetime, datetime] | None
    outcomes: list[Outcome]
    redemptions: int
    discount: Decimal
    engagement: Engagement
    attributed: list[Attributed]

    def as_json(self) -> dict[str, Any]:
        """Return the REST shape."""
        currency = settings.SHOP_CURRENCY
        return {
            "id": str(self.campaign.pk),
            "kind": self.campaign.kind,
            "state": self.campaign.state,
            **asdict(self.parts),
            "sendings": [
                {
                    "id": str(sending.run.pk),
                    "launch": sending.run.launch,
                    "state": sending.run.state,
                    "launched_at": sending.run.created_at.isoformat(),
                    **asdict(sending.parts),
                }
                for sending in self.sendings
            ],
            "reasons": self.reasons,
            "window": [at.isoformat() for at in self.window] if self.window else None,
            "outcomes": [
                {
                    "variant": o.variant,
                    "held_out": o.held_out,
                    "people": o.people,
                    "buyers": o.buyers,
                    "rate": o.rate,
                    "orders": o.orders,
                    "revenue": Money(o.revenue, currency).as_json(),
                }
                for o in self.outcomes
            ],
            "redemptions": self.redemptions,
            "discount": Money(self.discount, currency).as_json(),
            "engagement": asdict(self.engagement),
            "attributed": [
                {
                    "model": a.model,
                    "orders": a.orders,
                    "customers": a.customers,
                    "revenue": Money(a.revenue, currency).as_json(),
                }
                for a in self.attributed
            ],
        }


def runs_of(campaign: Campaign) -> QuerySet[Run]:
    """Return the campaign's run and its repeats, the first one first."""
    return Run.objects.filter(source=SOURCE, reference=str(campaign.pk)).order_by("created_at")


def run_of(campaign: Campaign) -> Run | None:
    """Return the campaign's run, of several the latest; None while it has none. Repeats are not counted."""
    return runs_of(campaign).filter(retry_of=None).last()


def report(campaign: Campaign, *, now: datetime, sending: Run | None = None) -> Report:
    """Return a campaign's figures so far: of all its sendings, or of one of them.

    Eight queries; outcomes of 200,000 people take about 2 s, where several sendings wrote to them 3 s. A
    goal window begins at a sending's `as_of` (in a triggered campaign, when each message was due) and ends
    after `goal_days`. What people did is counted for all who were meant to be written to (intention to
    treat) and for those held out, as far as it is known at `now`.
    """
    runs = list(runs_of(campaign).filter(retry_of=None))
    parts = breakdown([run.pk for run in runs])
    shown = [sending] if sending is not None else runs
    window = _window(campaign, shown, now)
    pools = [campaign.pool] if campaign.pool else list(needed(campaign.plan)) if campaign.plan else []
    redeemed = Redemption.objects.filter(
        coupon__pool__in=pools, coupon__assigned_for=str(campaign.pk), rolled_back_at=None
    ).aggregate(n=Count("pk"), discount=Sum("discount"))
    return Report(
        campaign=campaign,
        run=shown[-1] if shown else None,
        sendings=[Sending(run, parts[run.pk]) for run in reversed(runs[-LISTED:])],
        sent_times=len(runs),
        parts=total(parts[run.pk] for run in shown),
        reasons=skip_reasons(*shown) if shown else {},
        window=window,
        outcomes=_outcomes(campaign, shown, window, clock.known_until(now)) if shown and window else [],
        redemptions=redeemed["n"],
        discount=redeemed["discount"] or Decimal(0),
        engagement=engagement(*(run.pk for run in shown)) if shown else Engagement(),
        attributed=attributed(SOURCE, str(campaign.pk)),
    )


def _window(campaign: Campaign, runs: Sequence[Run], now: datetime) -> tuple[datetime, datetime] | None:
    """Return from when to when orders are counted: the first window's beginning, the last one's end."""
    if not runs:
        begins = campaign.as_of
        return (begins, begins + timedelta(days=campaign.goal_days)) if begins else None
    lasts = [run.as_of if run.open_until is None else max(now, run.created_at) for run in runs]
    return min(run.as_of for run in runs), max(lasts) + timedelta(days=campaign.goal_days)


def _outcomes(
    campaign: Campaign, runs: Sequence[Run], window: tuple[datetime, datetime], known: datetime
) -> list[Outcome]:
    once = len(runs) == 1 and runs[0].open_until is None  # nobody twice
    params: dict[str, Any] = {
        "runs": [run.pk for run in runs],
        "goal": timedelta(days=campaign.goal_days),
        "first": window[0],
        "last": min(window[1], known),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES.format(distinct="" if once else "DISTINCT"), params)
        return [
            Outcome(variant, held_out, people, buyers, orders, revenue)
            for held_out, variant, people, buyers, orders, revenue in cursor.fetchall()
        ]
