"""What a customer could use now: running promotions, codes they hold, campaigns they are in line for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q

from campaigns.coupons.models import Coupon
from campaigns.models import Campaign
from campaigns.promotions import selectors as promotions
from campaigns.promotions.applicator import Offer, apply
from campaigns.promotions.carts import LARGEST_CART, LARGEST_QUANTITY, Situation
from campaigns.promotions.conditions import FirstOrder, InSegment
from campaigns.promotions.models import Promotion
from campaigns.promotions.services import situation_of
from customers.models import Customer
from events.models import Event, EventType
from segments.models import SegmentMembership

#: Conditions about the person: an offer that fails one of them is somebody else's.
_PERSONAL = (FirstOrder, InSegment)
CODES = 5
CAMPAIGNS = 5


@dataclass(frozen=True, slots=True)
class Open:
    """An offer that is open to the customer, tried on the basket of their last order."""

    name: str
    gives: str
    saves: Decimal
    free_shipping: bool
    lacks: str
    until: datetime | None
    code: str = ""
    pk: Any = None

    @property
    def worth(self) -> tuple[bool, Decimal, bool, bool]:
        """Order offers: what applies before what does not, then by money, then those they hold."""
        return (not self.lacks, self.saves, self.free_shipping, bool(self.code))


@dataclass(frozen=True, slots=True)
class Offers:
    """Offers, the best first, and the sum of the basket they were tried on."""

    found: list[Open]
    basket: Decimal
    ordered_at: datetime | None


def offers_for(customer: Customer, *, now: datetime, known: datetime, codes: bool) -> Offers:
    """Try each running promotion, and with `codes` each code held, on the last basket before `known`.

    Every offer is tried alone: how they combine is the till's to say. Seven queries.
    """
    lines, ordered_at = _last_basket(customer, known)
    situation = situation_of(lines, currency=settings.SHOP_CURRENCY, customer=customer, now=now)
    running = {p.slug: p for p in Promotion.objects.running(now).automatic()}
    found = [
        _open(running[offer.slug], offer, situation)
        for offer in promotions.automatic_offers(now)
        if offer.slug in running and _for_this_person(offer, situation)
    ]
    if codes:
        held = Coupon.objects.usable(now).filter(customer=customer).select_related("pool__promotion")
        for coupon in held.order_by("expires_at", "pk")[:CODES]:
            promotion = coupon.pool.promotion
            offer = promotions.offer_of(promotion, now)
            if offer is not None and offer.barred is None:
                found.append(_open(promotion, offer, situation, coupon))
    return Offers(sorted(found, key=lambda one: one.worth, reverse=True), situation.cart.amount, ordered_at)


def campaigns_for(customer: Customer) -> Sequence[Campaign]:
    """Return campaigns that run or are scheduled and whose audience the customer is in. One query."""
    own = SegmentMembership.objects.filter(customer=customer, left_at=None).values("segment_id")
    running = Campaign.objects.filter(state__in=[Campaign.State.RUNNING, Campaign.State.SCHEDULED])
    return running.filter(Q(segment=None) | Q(segment__in=own)).order_by("-created_at")[:CAMPAIGNS]


def _for_this_person(offer: Offer, situation: Situation) -> bool:
    if offer.barred is not None:
        return False
    personal = (condition for condition in offer.conditions if isinstance(condition, _PERSONAL))
    return all(condition.missing(situation) is None for condition in personal)


def _open(promotion: Promotion, offer: Offer, situation: Situation, coupon: Coupon | None = None) -> Open:
    result = apply([offer], situation)
    ends = [end for end in (promotion.ends_at, coupon.expires_at if coupon else None) if end]
    return Open(
        name=promotion.name,
        gives=offer.benefit.sentence(promotion.currency),
        saves=result.discount,
        free_shipping=result.free_shipping,
        lacks="" if result.applied else next((n.reason for n in result.not_applied), ""),
        until=min(ends) if ends else None,
        code=coupon.code if coupon else "",
        pk=promotion.pk,
    )


def _last_basket(customer: Customer, known: datetime) -> tuple[list[dict[str, Any]], datetime | None]:
    """Return the lines of the customer's last order at their prices before discounts. Two queries."""
    bought = Event.objects.filter(
        customer=customer, type=EventType.PURCHASE, occurred_at__lt=known, amount__gt=0
    ).order_by("-occurred_at")
    last = bought.first()
    if last is None:
        return [], None
    same = bought.filter(order_id=last.order_id) if last.order_id else bought.filter(pk=last.pk)
    rows = same.select_related("product")[:LARGEST_CART]
    return [line for row in rows if (line := _line(row)) is not None], last.occurred_at


def _line(event: Event) -> dict[str, Any] | None:
    """Return a cart's line; an amount spread over many units keeps four decimals."""
    quantity = event.quantity or 1
    if not 0 < quantity <= LARGEST_QUANTITY or event.amount is None:
        return None
    whole = event.amount + max(event.discount or 0, 0)
    price = (Decimal(whole) / Decimal(quantity)).quantize(Decimal("0.0001"))
    sku = event.product.sku if event.product else ""
    return {"sku": sku, "quantity": str(quantity), "price": str(price)}
