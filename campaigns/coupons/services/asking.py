"""What a code would give on an order: the judgement that every step of its life begins with."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.coupons import selectors
from campaigns.coupons.models import Coupon, Redemption
from campaigns.promotions import running
from campaigns.promotions.applicator import apply
from campaigns.promotions.carts import Order
from campaigns.promotions.models import Promotion
from campaigns.promotions.services import situation_of
from core.money import Money, convert
from customers.models import Customer

from .refusals import Refused

#: Reasons by which a promotion has nothing more to give.
SPENT = {"limit", "limit_per_day", "limit_per_customer", "budget"}


@dataclass(frozen=True, slots=True)
class Worth:
    """What a code gives on an order; `counted` is the discount in the currency of the budget."""

    discount: Money
    counted: Decimal
    order_amount: Decimal


def find_on(code: str, order_id: str) -> selectors.Shown:
    """Return the code with what the order has of it, or refuse. One query."""
    shown = selectors.find_on(code, order_id)
    if shown is None:
        raise Refused("invalid_code")
    return shown


def find(code: str) -> Coupon:
    """Return the coupon by what a person typed, or refuse. One query."""
    coupon = selectors.find(code)
    if coupon is None:
        raise Refused("invalid_code")
    return coupon


def check_living(coupon: Coupon, customer: Customer | None, now: datetime) -> None:
    """Refuse a code that has expired or belongs to somebody else.

    Both answer as an unknown one does: a guesser learns nothing.
    """
    if coupon.expires_at is not None and coupon.expires_at <= now:
        raise Refused("invalid_code")
    if coupon.customer_id is not None and (customer is None or coupon.customer_id != customer.pk):
        raise Refused("invalid_code")
    barred = running.barred(coupon.pool.promotion, now)
    if barred and barred[0] in {"inactive", "not_begun", "over"}:
        raise Refused("invalid_code")


def is_left(coupon: Coupon, order_id: str, now: datetime) -> bool:
    """Say whether a use is left for an order: a free one, one that it has, one whose reservation lapsed.

    At most two queries; none while uses are left.
    """
    if coupon.used < coupon.limit:
        return True
    kept = coupon.reservations.filter(released_at=None)
    if kept.filter(Q(expires_at__lte=now) | Q(order_id=order_id)).exists():
        return True
    return is_used_on(coupon, order_id)


def is_used_on(coupon: Coupon, order_id: str) -> bool:
    """Say whether an order has used the code. One query, none for a cart that is no order yet."""
    if not order_id:
        return False
    return Redemption.objects.filter(coupon=coupon, order_id=order_id, rolled_back_at=None).exists()


def worth(coupon: Coupon, customer: Customer | None, order: Order, now: datetime) -> Worth:
    """Return what the code's promotion gives on the order, judged by itself."""
    promotion = coupon.pool.promotion
    offers = running.offers_of([promotion], now, customer.pk if customer else None)
    if not offers:
        raise Refused("ineligible")
    situation = situation_of(order, customer=customer, now=now, offers=offers)
    result = apply(offers, situation)
    for reason in result.not_applied:
        raise Refused("exhausted" if reason.code in SPENT else "ineligible", reason.reason)
    return counted_as(promotion, result.discount, order, result.cart.amount)


def counted_as(promotion: Promotion, discount: Decimal, order: Order, order_amount: Decimal) -> Worth:
    """Return a discount with what the promotion's budget counts of it. Raises Refused without a rate."""
    counted = convert(discount, order.currency, promotion.currency)
    if counted is None and promotion.budget is not None:
        raise Refused("ineligible", _("There is no rate for the order's currency."))
    return Worth(Money(discount, order.currency), counted or Decimal(0), order_amount)
