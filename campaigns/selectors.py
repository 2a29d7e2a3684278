"""What may be read of campaigns: how far they are, and what came of them."""

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
from core import clock
from core.money import Money
from delivery.models import Run
from delivery.selectors import Breakdown, breakdown, skip_reasons

_OUTCOMES = """
SELECT message.state = 'held_out' AS held_out,
       message.context->>'variant' AS variant,
       count(DISTINCT message.customer_id) AS people,
       count(DISTINCT event.customer_id) FILTER (WHERE event.type = 'purchase') AS buyers,
       count(DISTINCT event.order_id) FILTER (WHERE event.type = 'purchase') AS orders,
       coalesce(sum(event.amount) FILTER (WHERE event.type = 'purchase'), 0)
         - coalesce(sum(abs(event.amount)) FILTER (WHERE event.type = 'refund'), 0) AS revenue
FROM delivery_message AS message
LEFT JOIN events_event AS event
  ON event.customer_id = message.customer_id AND event.type IN ('purchase', 'refund')
 AND event.occurred_at >= %s AND event.occurred_at < %s
WHERE message.run_id = %s
GROUP BY 1, 2
ORDER BY 1, 2
"""
_NOTHING = Breakdown(0, 0, 0, 0, 0, 0, 0, 0, 0)


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
class Report:
    """A campaign in figures. The eight parts of `parts` add up to its audience."""

    campaign: Campaign
    run: Run | None
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


def report(campaign: Campaign, *, now: datetime) -> Report:
    """Return a campaign's figures so far. Eight queries; outcomes of 200,000 people take about 2 s.

    The goal window begins at the campaign's `as_of` and ends after `goal_days`. What people did is
    counted for all who were meant to be written to (intention to treat) and for those held out, as far
    as it is known at `now`.
    """
    run = run_of(campaign)
    window = None
    if campaign.as_of is not None:
        window = (campaign.as_of, campaign.as_of + timedelta(days=campaign.goal_days))
    redeemed = Redemption.objects.filter(
        coupon__pool=campaign.pool_id, coupon__assigned_for=str(campaign.pk), rolled_back_at=None
    ).aggregate(n=Count("pk"), discount=Sum("discount"))
    return Report(
        campaign=campaign,
        run=run,
        parts=breakdown([run.pk]).get(run.pk, _NOTHING) if run else _NOTHING,
        reasons=skip_reasons(run) if run else {},
        window=window,
        outcomes=_outcomes(run, window, clock.known_until(now)) if run and window else [],
        redemptions=redeemed["n"] if campaign.pool_id else 0,
        discount=redeemed["discount"] or Decimal(0),
        engagement=engagement(run.pk) if run else Engagement(),
        attributed=attributed(SOURCE, str(campaign.pk)),
    )


def _outcomes(run: Run, window: tuple[datetime, datetime], known: datetime) -> list[Outcome]:
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, [window[0], min(window[1], known), run.pk])
        return [
            Outcome(variant, held_out, people, buyers, orders, revenue)
            for held_out, variant, people, buyers, orders, revenue in cursor.fetchall()
        ]
