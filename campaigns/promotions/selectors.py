"""What evaluating a cart has to know: the running promotions, the shopper, the products."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from catalog.models import Product
from catalog.prices import lowest_before
from core.money import Money
from customers.models import Customer
from events.models import Event, EventType
from profiles.models import CustomerProfile
from segments.models import SegmentMembership

from .carts import Shopper
from .models import Promotion, PromotionUse
from .results import Result

#: What `shopper` can look up: all of it where the offers are not known yet.
EVERYTHING = frozenset({"segments", "persona", "orders", "attributes", "deposits"})


def shopper(
    customer: Customer | None,
    *,
    now: datetime,
    but_order: str = "",
    needs: frozenset[str] = EVERYTHING,
) -> Shopper:
    """Return what conditions ask about a customer. At most one query for each need.

    `but_order` is the order at hand, whose purchases may have arrived before the question. The need
    `bought` looks no further than whether there is an earlier order.
    """
    if customer is None:
        return Shopper()
    segments: frozenset[str] = frozenset()
    if "segments" in needs:
        memberships = SegmentMembership.objects.filter(customer=customer, left_at=None)
        segments = frozenset(memberships.values_list("segment__slug", flat=True))
    persona = None
    if "persona" in needs:
        profile = CustomerProfile.objects.filter(pk=customer.pk)
        persona = profile.values_list("persona__number", flat=True).first()
    return Shopper(
        customer.pk,
        _earlier_orders(customer, now, but_order, needs),
        segments,
        persona,
        customer.attributes if "attributes" in needs else {},
        deposits(customer, but_order=but_order) if "deposits" in needs else {},
    )


def _earlier_orders(customer: Customer, now: datetime, but_order: str, needs: frozenset[str]) -> int | None:
    if not needs & {"bought", "orders"}:
        return None
    bought = Event.objects.filter(customer=customer, type=EventType.PURCHASE, occurred_at__lt=now)
    # A purchase without an order is one all the same, hence no plain exclude(), which drops NULL.
    earlier = bought.exclude(order_id__isnull=False, order_id=but_order) if but_order else bought
    if "orders" not in needs:
        return int(earlier.exists())
    counts = earlier.aggregate(
        named=Count("order_id", distinct=True), unnamed=Count("pk") - Count("order_id")
    )
    return int(counts["named"] + counts["unnamed"])


def deposits(customer: Customer, *, but_order: str = "") -> dict[str, Decimal]:
    """Return for how many units a promotion's deposit was paid and no balance yet, by its short name.

    One query. A balance that is only reserved counts as paid, a deposit does not.
    """
    uses = PromotionUse.objects.filter(
        Q(order__state="redeemed") | Q(order__state="reserved", deposit_units__lt=0),
        order__customer=customer,
    ).exclude(deposit_units=0)
    if but_order:
        uses = uses.exclude(order__order_id=but_order)
    return dict(uses.values_list("promotion__slug").annotate(units=Sum("deposit_units")))


def known_products(skus: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return (category path, brand) by sku for the products that the catalogue knows. One query."""
    rows = Product.objects.filter(sku__in=set(skus)).values_list("sku", F("category__path"), "brand")
    return {sku: (path or "", brand) for sku, path, brand in rows}


def lowest_prices(result: Result, now: datetime) -> Mapping[str, Money]:
    """Return the lowest price of the 30 days before, by sku, for the lines that are reduced.

    The 30 days end where the earliest of the line's promotions began. Three queries, none for a cart
    without discounts.
    """
    reduced = {
        line.sku: [d.promotion for d in discounts]
        for line, discounts in zip(result.cart.lines, result.discounts, strict=True)
        if discounts
    }
    if not reduced:
        return {}
    begun = dict(Promotion.objects.filter(slug__in=result.applied).values_list("slug", "starts_at"))
    ids = dict(Product.objects.filter(sku__in=reduced).values_list("sku", "id"))
    moments = {
        ids[sku]: min(begun.get(slug) or now for slug in slugs)
        for sku, slugs in reduced.items()
        if sku in ids
    }
    found = lowest_before(moments)
    return {
        sku: found[pk]
        for sku, pk in ids.items()
        if pk in found and found[pk].currency == result.cart.currency
    }
