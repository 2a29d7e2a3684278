"""What evaluating a cart has to know: the running promotions, the shopper, the products."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext as _

from catalog.models import Product
from catalog.prices import lowest_before
from core.clock import shop_zone
from core.money import Money
from customers.models import Customer
from events.models import Event, EventType
from profiles.models import CustomerProfile
from segments.models import SegmentMembership

from .applicator import Offer
from .benefits import Benefit, parse_benefit
from .carts import Shopper
from .conditions import Condition, parse_conditions
from .models import CustomerCount, DayCount, Promotion, PromotionUse
from .results import Result
from .vocabulary import RuleInvalid, amounts_in

#: What `shopper` can look up: all of it where the offers are not known yet.
EVERYTHING = frozenset({"segments", "persona", "orders", "attributes", "deposits"})


def offer_of(
    promotion: Promotion,
    now: datetime,
    *,
    used_today: int = 0,
    used_by_customer: int = 0,
    stranger: bool = False,
) -> Offer | None:
    """Return the promotion as the applicator sees it, barred where it cannot apply to any cart.

    None when its stored rules cannot be read: nobody but `services` writes them, so that is a defect
    of the data and not of the cart.
    """
    try:
        conditions, benefit = rules_of(promotion)
    except RuleInvalid:
        return None
    stated = any(True for _amounts in amounts_in((*conditions, benefit)))
    return Offer(
        promotion.slug,
        conditions,
        benefit,
        promotion.stacking,
        promotion.priority,
        promotion.currency,
        None if promotion.budget is None else promotion.budget - promotion.spent,
        barred(promotion, now, used_today=used_today, used_by_customer=used_by_customer, stranger=stranger),
        frozenset(promotion.also_in),
        promotion.prices if stated else "",
    )


def rules_of(promotion: Promotion) -> tuple[tuple[Condition, ...], Benefit]:
    """Return conditions and benefit. Raises RuleInvalid."""
    return parse_conditions(promotion.conditions), parse_benefit(promotion.benefit)


def barred(
    promotion: Promotion,
    now: datetime,
    *,
    used_today: int = 0,
    used_by_customer: int = 0,
    stranger: bool = False,
) -> tuple[str, str] | None:
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
    if promotion.limit_per_day is not None and used_today >= promotion.limit_per_day:
        return "limit_per_day", _("This offer has been used as often as it may be today.")
    if promotion.limit_per_customer is not None and stranger:
        return "customer", _("Say which customer it is: the offer is limited per customer.")
    if promotion.limit_per_customer is not None and used_by_customer >= promotion.limit_per_customer:
        return "limit_per_customer", _("This customer has used the offer as often as it may be.")
    return None


def automatic_offers(now: datetime, customer_id: int | None = None) -> list[Offer]:
    """Return the running promotions that need no code. One query, and one for each kind of narrow limit."""
    return offers_of(list(Promotion.objects.running(now).automatic()), now, customer_id)


def offers_of(promotions: Sequence[Promotion], now: datetime, customer_id: int | None) -> list[Offer]:
    """Return promotions as the applicator sees them for a customer, or for a stranger."""
    today = used_today(promotions, now)
    theirs = used_by_customer(promotions, customer_id)
    offers = (
        offer_of(
            promotion,
            now,
            used_today=today.get(promotion.pk, 0),
            used_by_customer=theirs.get(promotion.pk, 0),
            stranger=customer_id is None,
        )
        for promotion in promotions
    )
    return [offer for offer in offers if offer]


def used_today(promotions: Iterable[Promotion], now: datetime) -> dict[object, int]:
    """Return how often those that are limited by the day were used today. At most one query."""
    limited = [p.pk for p in promotions if p.limit_per_day is not None]
    day = now.astimezone(shop_zone()).date()
    return (
        dict(DayCount.objects.filter(promotion__in=limited, day=day).values_list("promotion", "used"))
        if limited
        else {}
    )


def used_by_customer(promotions: Iterable[Promotion], customer_id: int | None) -> dict[object, int]:
    """Return how often the customer used those that are limited per customer. At most one query."""
    limited = [p.pk for p in promotions if p.limit_per_customer is not None]
    if not limited or customer_id is None:
        return {}
    counts = CustomerCount.objects.filter(promotion__in=limited, customer=customer_id)
    return dict(counts.values_list("promotion", "used"))


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
