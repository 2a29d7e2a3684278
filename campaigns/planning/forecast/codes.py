"""The codes that a launch would take: out of one pool, or out of each arm's own."""

from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from campaigns.arms import arms_of
from campaigns.coupons.models import Coupon, CouponPool
from campaigns.coupons.selectors import Stock, stock
from campaigns.models import Campaign
from campaigns.planning.forecast.money import code_value, liability
from core.money import round_money


@dataclass(frozen=True, slots=True)
class Codes:
    """What of the pools would be taken. `missing` people find none; `new` codes are given out."""

    stock: Stock | None = None
    missing: int = 0
    new: int = 0
    each: Decimal | None = None
    liability: Decimal | None = None


def codes_for(campaign: Campaign, people: int, *, now: datetime, as_of: datetime) -> Codes:
    """Return it for so many people. Three queries for each pool, two more for a campaign with arms.

    Arms that draw from one pool are counted together. What arms of several pools cost is known when it is
    known for each; promotions in different currencies are not added up.
    """
    if campaign.pool is None:
        return Codes()
    kept = _given_before(campaign)
    shares = _shares(campaign, campaign.pool)
    parts = [
        _of_pool(campaign, pool, round(people * share), round(kept * share), now=now, as_of=as_of)
        for pool, share in shares
    ]
    if len(parts) == 1:
        return parts[0]
    new = sum(part.new for part in parts)
    costs = [part.liability for part in parts if part.liability is not None]
    alike = len({pool.promotion.currency for pool, _share in shares}) == 1 and len(costs) == len(parts)
    whole = sum(costs, Decimal(0)) if alike else None
    worth = sum(((part.each or Decimal(0)) * part.new for part in parts), Decimal(0))
    return Codes(
        stock=_together([part.stock for part in parts if part.stock is not None]),
        missing=sum(part.missing for part in parts),
        new=new,
        each=round_money(worth / new, campaign.pool.promotion.currency) if alike and new else None,
        liability=whole,
    )


def _of_pool(
    campaign: Campaign, pool: CouponPool, people: int, kept: int, *, now: datetime, as_of: datetime
) -> Codes:
    there = stock(pool, now=now)
    wanted = max(0, people - kept)
    new = wanted if there.generic else min(wanted, there.free)
    each = code_value(pool.promotion, campaign, as_of=as_of)
    return Codes(there, wanted - new, new, each, liability(pool.promotion, each, new))


def _shares(campaign: Campaign, own: CouponPool) -> list[tuple[CouponPool, float]]:
    """Return each pool with the part of the people who draw from it."""
    if campaign.experiment is None:
        return [(own, 1.0)]
    weights = {variant.key: variant.weight for variant in campaign.experiment.variants.all()}
    if not weights:
        return [(own, 1.0)]
    total = sum(weights.values())
    found: dict[UUID, tuple[CouponPool, float]] = {}
    for key, arm in arms_of(campaign).items():
        if key is not None and arm.pool is not None:
            before = found.get(arm.pool.pk, (arm.pool, 0.0))[1]
            found[arm.pool.pk] = (arm.pool, before + weights[key] / total)
    return list(found.values())


def _together(stocks: list[Stock]) -> Stock:
    return Stock(*(sum(column) for column in zip(*map(astuple, stocks), strict=True)))


def _given_before(campaign: Campaign) -> int:
    """Return how many codes a reminder finds given out already."""
    if campaign.codes_of_id is None:
        return 0
    return Coupon.objects.filter(pool=campaign.pool, assigned_for=campaign.codes_for).count()
