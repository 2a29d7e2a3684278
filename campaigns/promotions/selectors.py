"""What evaluating a cart has to know: the running promotions, the shopper, the products."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, Sum

from catalog.models import Product
from catalog.prices import lowest_before
from core.arrays import text_array
from core.money import Money
from customers.models import Customer

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
    """Return what conditions ask about a customer. One query for all of it, one more for deposits.

    `but_order` is the order at hand, whose purchases may have arrived before the question. The need
    `bought` looks no further than whether there is an earlier order.
    """
    if customer is None:
        return Shopper()
    known = _known_of(customer, now, but_order, needs)
    return Shopper(
        customer.pk,
        known.get("orders", known.get("bought")),
        frozenset(known.get("segments") or ()),
        known.get("persona"),
        customer.attributes if "attributes" in needs else {},
        deposits(customer, but_order=but_order) if "deposits" in needs else {},
    )


# Written out, since every cart asks: to build four statements takes longer than to run this one.
_BOUGHT = """FROM events_event WHERE customer_id = %(customer)s AND type = 'purchase'
    AND occurred_at < %(now)s AND (order_id IS NULL OR %(order)s = '' OR order_id <> %(order)s)"""
_FACTS = {
    "segments": """(SELECT array_agg(s.slug) FROM segments_segmentmembership m
        JOIN segments_segment s ON s.id = m.segment_id
        WHERE m.customer_id = %(customer)s AND m.left_at IS NULL)""",
    "persona": """(SELECT p.number FROM profiles_customerprofile c
        JOIN profiles_persona p ON p.id = c.persona_id WHERE c.customer_id = %(customer)s)""",
    # A purchase without an order is one all the same.
    "orders": f"(SELECT count(DISTINCT order_id) + count(*) - count(order_id) {_BOUGHT})",
    "bought": f"(SELECT count(*) FROM (SELECT {_BOUGHT} LIMIT 1) AS earlier)",  # noqa: S608
}


def _known_of(customer: Customer, now: datetime, but_order: str, needs: frozenset[str]) -> dict[str, Any]:
    asked = [need for need in _FACTS if need in needs]
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(_FACTS[need] for need in asked),
            {"customer": customer.pk, "now": now, "order": but_order},
        )
        return dict(zip(asked, cursor.fetchone(), strict=True))


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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.sku, coalesce(c.path, ''), p.brand FROM catalog_product p"
            " LEFT JOIN catalog_category c ON c.id = p.category_id WHERE p.sku = ANY(%s::varchar[])",
            [text_array(set(skus))],
        )
        return {sku: (path, brand) for sku, path, brand in cursor.fetchall()}


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
