"""Codes on a cart together with the promotions that need none: one judgement, explained code by code."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from campaigns.coupons.models import Coupon
from campaigns.promotions import running
from campaigns.promotions.applicator import Offer, apply
from campaigns.promotions.carts import Order, Situation
from campaigns.promotions.results import Result
from campaigns.promotions.services import situation_of
from core.money import Money
from customers.models import Customer

from .asking import SPENT, check_living, find, is_left, is_used_on
from .refusals import Refused

#: What one cart may carry; each code is judged with and without.
MOST_CODES = 5


@dataclass(frozen=True, slots=True)
class Entered:
    """A code that somebody entered, and what it does beside everything else.

    `discount` is what it takes off the lines, `saves` by how much the cart gets cheaper for it: less
    where it takes the place of `replaces`. Where it does not apply, `reason` is one of invalid_code,
    exhausted, ineligible, twice, outdone, and `detail` a sentence; `promotion` is empty for a code that
    cannot be used at all.
    """

    code: str
    applies: bool
    reason: str = ""
    detail: str = ""
    promotion: str = ""
    discount: Decimal = Decimal(0)
    saves: Decimal = Decimal(0)
    replaces: tuple[str, ...] = field(default=())

    def as_json(self, currency: str) -> dict[str, Any]:
        """Return the REST shape."""
        return {
            "code": self.code,
            "applies": self.applies,
            "promotion": self.promotion or None,
            "reason": self.reason or None,
            "detail": self.detail or None,
            "discount": Money(self.discount, currency).as_json(),
            "saves": Money(self.saves, currency).as_json(),
            "replaces": list(self.replaces),
        }


def judge(
    codes: Sequence[str], order: Order, *, customer: Customer | None, now: datetime
) -> tuple[Result, tuple[Entered, ...]]:
    """Return the best combination of the running promotions and of what the codes open. Counts nothing.

    By the stacking rules, as if a code's promotion applied by itself: a better offer wins over a code, and
    a code may take the place of an offer. What an order has used already applies on it whatever is left.
    Raises RuleInvalid for amounts that are not money. Beside the queries of `evaluate` two for each code, one
    more for an order.
    """
    opened: dict[str, str] = {}
    used: set[str] = set()
    promotions, entered = [], {}
    for code in dict.fromkeys(codes):
        try:
            coupon = usable(code, customer, now, order.id)
        except Refused as refused:
            entered[code] = Entered(code, False, refused.reason, refused.detail)
            continue
        slug = coupon.pool.promotion.slug
        if slug in opened.values():
            detail = _("Another code for the same offer is entered already.")
            entered[code] = Entered(code, False, "twice", detail, slug)
            continue
        opened[code] = slug
        if is_used_on(coupon, order.id):
            used.add(slug)
        promotions.append(coupon.pool.promotion)
    key = customer.pk if customer else None
    entitled = [
        replace(offer, barred=None, budget_left=None) if offer.slug in used else offer
        for offer in running.offers_of(promotions, now, key)
    ]
    offers = [*running.automatic_offers(now, key), *entitled]
    situation = situation_of(order, customer=customer, now=now, offers=offers)
    result = apply(offers, situation)
    for code, slug in opened.items():
        entered[code] = _told(code, slug, offers, situation, result)
    return result, tuple(entered[code] for code in dict.fromkeys(codes))


def usable(code: str, customer: Customer | None, now: datetime, order_id: str = "") -> Coupon:
    """Return the coupon that can still be used by this customer, or refuse. One to three queries."""
    coupon = find(code)
    check_living(coupon, customer, now)
    if not is_left(coupon, order_id, now):
        raise Refused("exhausted")
    return coupon


def _told(code: str, slug: str, offers: Sequence[Offer], situation: Situation, result: Result) -> Entered:
    without = apply([offer for offer in offers if offer.slug != slug], situation)
    if slug in result.applied:
        replaced = tuple(other for other in without.applied if other not in result.applied)
        saves = without.total - result.total
        return Entered(code, True, "", "", slug, result.given_by(slug), saves, replaced)
    why = next((one for one in result.not_applied if one.promotion == slug), None)
    if why is None:
        return Entered(code, False, "ineligible", "", slug)
    outdone = why.code in {"better_offer", "excluded", "nothing_left"}
    reason = "exhausted" if why.code in SPENT else "outdone" if outdone else "ineligible"
    return Entered(code, False, reason, why.reason, slug)
