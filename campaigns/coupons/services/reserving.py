"""Keep a use of a code free while an order is being paid."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from campaigns.coupons.models import Redemption, Reservation
from campaigns.promotions.carts import Order
from customers.models import Customer

from . import counting
from .asking import check_living, find
from .refusals import Refused
from .valuing import value_of

RESERVED_FOR = timedelta(minutes=15)


@transaction.atomic
def reserve(
    code: str,
    *,
    customer: Customer | None,
    order: Order,
    now: datetime,
    lasts: timedelta = RESERVED_FOR,
    codes: Sequence[str] | None = None,
) -> Reservation:
    """Keep one use of the code free for the order until it expires; the same order extends it.

    The promotion's own limits and budget are counted when the code is redeemed, not here.
    """
    coupon = find(code)
    check_living(coupon, customer, now)
    value_of(coupon, customer, order, now, codes)
    counting.lock(coupon)
    if Redemption.objects.filter(coupon=coupon, order_id=order.id).exists():
        raise Refused("exhausted")
    counting.release(coupon, now)
    until = min(now + lasts, coupon.expires_at or datetime.max.replace(tzinfo=now.tzinfo))
    if coupon.reservations.filter(order_id=order.id, released_at=None).update(expires_at=until) == 0:
        counting.take(coupon)
        Reservation.objects.update_or_create(
            coupon=coupon, order_id=order.id, defaults={"expires_at": until, "released_at": None}
        )
    return Reservation.objects.get(coupon=coupon, order_id=order.id)
