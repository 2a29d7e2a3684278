"""What a code gives on an order: by itself, or beside everything else on the cart."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from campaigns.coupons.codes import normalise
from campaigns.coupons.models import Coupon
from campaigns.promotions.carts import Order
from core.money import Money
from customers.models import Customer

from .asking import Worth, check_living, counted_as, find, is_left, worth
from .joining import judge
from .refusals import Refused


def validate(
    code: str,
    *,
    customer: Customer | None,
    order: Order,
    now: datetime,
    codes: Sequence[str] | None = None,
) -> Money:
    """Return the discount that the code would give on the order now. Changes nothing.

    Raises Refused, or RuleInvalid for amounts that are not money.
    """
    coupon = find(code)
    check_living(coupon, customer, now)
    if not is_left(coupon, order.id, now):
        raise Refused("exhausted")
    return value_of(coupon, customer, order, now, codes).discount


def value_of(
    coupon: Coupon,
    customer: Customer | None,
    order: Order,
    now: datetime,
    codes: Sequence[str] | None = None,
) -> Worth:
    """Return what a living code gives on an order.

    Without `codes` it is judged by itself. With the codes that were entered on the cart (none are an empty
    list) it is judged beside them and the running promotions, as `joining.judge` does: what it then takes off
    is its worth, and where it does not apply it is refused for the reason that is told there. A code among
    them that cannot be used refuses the call: nobody finds out codes by naming them beside one that can.
    """
    if codes is None:
        return worth(coupon, customer, order, now)
    own = next((code for code in codes if normalise(code) == coupon.code), None)
    entered = list(codes) if own is not None else [*codes, coupon.code]
    result, told = judge(entered, order, customer=customer, now=now)
    mine = next(one for one in told if one.code == (own or coupon.code))
    if any(one.reason == "invalid_code" for one in told if one is not mine):
        raise Refused("invalid_code", _("Another code on this cart cannot be used. Name those that apply."))
    if not mine.applies:
        raise Refused(mine.reason, mine.detail)
    return counted_as(coupon.pool.promotion, mine.discount, order, result.cart.amount)
