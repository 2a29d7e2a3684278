"""What evaluating a cart has to know: the running promotions, the shopper, the products."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from catalog.models import Product
from customers.models import Customer
from events.models import Event, EventType
from segments.models import SegmentMembership

from .applicator import Offer
from .benefits import parse_benefit
from .carts import Shopper
from .conditions import parse_conditions
from .models import Promotion
from .vocabulary import RuleInvalid


def offer_of(promotion: Promotion, now: datetime) -> Offer | None:
    """Return the promotion as the applicator sees it, barred where it cannot apply to any cart.

    None when its stored rules cannot be read: nobody but `services` writes them, so that is a defect
    of the data and not of the cart.
    """
    try:
        conditions, benefit = parse_conditions(promotion.conditions), parse_benefit(promotion.benefit)
    except RuleInvalid:
        return None
    left = None if promotion.budget is None else promotion.budget - promotion.spent
    return Offer(
        promotion.slug,
        conditions,
        benefit,
        promotion.stacking,
        promotion.priority,
        promotion.currency,
        left,
        barred(promotion, now),
    )


def barred(promotion: Promotion, now: datetime) -> tuple[str, str] | None:
    """Say why a promotion applies to no cart at all at this moment: (code, sentence), or None."""
    if not promotion.active:
        return "inactive", _("This offer is switched off.")
    if promotion.starts_at and now < promotion.starts_at:
        return "not_begun", _("This offer has not begun.")
    if promotion.ends_at and now >= promotion.ends_at:
        return "over", _("This offer is over.")
    if promotion.limit is not None and promotion.used >= promotion.limit:
        return "limit", _("This offer has been used as often as it may be.")
    if promotion.budget is not None and promotion.spent >= promotion.budget:
        return "budget", _("This offer's budget is used up.")
    return None


def automatic_offers(now: datetime) -> list[Offer]:
    """Return the running promotions that need no code. One query."""
    promotions = Promotion.objects.running(now).automatic()
    return [offer for promotion in promotions if (offer := offer_of(promotion, now))]


def shopper(customer: Customer | None, *, now: datetime, but_order: str = "") -> Shopper:
    """Return what conditions may ask about a customer. Two queries.

    `orders` counts no further than one; `but_order` is the order at hand, whose purchases may have
    arrived before the question.
    """
    if customer is None:
        return Shopper()
    bought = Event.objects.filter(customer=customer, type=EventType.PURCHASE, occurred_at__lt=now)
    # A purchase without an order is one all the same, hence no plain exclude(), which drops NULL.
    earlier = bought.exclude(order_id__isnull=False, order_id=but_order) if but_order else bought
    slugs = SegmentMembership.objects.filter(customer=customer, left_at=None).values_list(
        "segment__slug", flat=True
    )
    return Shopper(customer.pk, int(earlier.exists()), frozenset(slugs))


def known_products(skus: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (category path, brand) by sku for the products that the catalogue knows. One query."""
    rows = Product.objects.filter(sku__in=set(skus)).values_list("sku", F("category__path"), "brand")
    return {sku: (path or "", brand) for sku, path, brand in rows}
