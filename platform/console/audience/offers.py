"""What a customer could use now: running promotions, codes they hold, campaigns they are in line for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from campaigns.coupons.models import Coupon
from campaigns.models import Campaign
from campaigns.promotions.applicator import Offer, apply
from campaigns.promotions.carts import LARGEST_CART, LARGEST_QUANTITY, Order, Situation
from campaigns.promotions.models import Promotion
from campaigns.promotions.running import offers_of
from campaigns.promotions.services import situation_of
from customers.models import Customer
from events.models import Event, EventType
from segments.models import SegmentMembership

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
    running = list(Promotion.objects.running(now).automatic())
    held = list(_held(customer, now)) if codes else []
    stated = {p.slug: p for p in [*running, *(coupon.pool.promotion for coupon in held)]}
    offers = {o.slug: o for o in offers_of(list(stated.values()), now, customer.pk) if o.barred is None}
    order = Order("", lines, settings.SHOP_CURRENCY)
    situation = situation_of(order, customer=customer, now=now, offers=list(offers.values()))
    found = [
        _open(promotion, offers[promotion.slug], situation)
        for promotion in running
        if promotion.slug in offers and _for_this_person(offers[promotion.slug], situation)
    ]
    found += [
        _open(coupon.pool.promotion, offers[coupon.pool.promotion.slug], situation, coupon)
        for coupon in held
        if coupon.pool.promotion.slug in offers
    ]
    return Offers(sorted(found, key=lambda one: one.worth, reverse=True), situation.cart.amount, ordered_at)


def _held(customer: Customer, now: datetime) -> QuerySet[Coupon]:
    held = Coupon.objects.usable(now).filter(customer=customer).select_related("pool__promotion")
    return held.order_by("expires_at", "pk")[:CODES]


def campaigns_for(customer: Customer) -> Sequence[Campaign]:
    """Return campaigns that run or are scheduled and whose audience the customer is in. One query."""
    own = SegmentMembership.objects.filter(customer=customer, left_at=None).values("segment_id")
    running = Campaign.objects.filter(state__in=[Campaign.State.RUNNING, Campaign.State.SCHEDULED])
    return running.filter(Q(segment=None) | Q(segment__in=own)).order_by("-created_at")[:CAMPAIGNS]


def _for_this_person(offer: Offer, situation: Situation) -> bool:
    """Say whether all holds that is not about the cart: who it is for, and when."""
    return all(one.on_cart or one.missing(situation) is None for one in offer.conditions)


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
