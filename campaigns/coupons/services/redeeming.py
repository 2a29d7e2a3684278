"""Use a code on an order, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from campaigns.coupons.models import Coupon
from campaigns.coupons.pools import SOURCE
from campaigns.coupons.selectors import Prior, Shown
from campaigns.promotions import limits
from campaigns.promotions.carts import Order
from core.money import Money
from customers.models import Customer
from delivery.endpoints.hooks import tell
from events.services import record as record_events

from . import counting
from .asking import Worth, check_living, find_on
from .refusals import Refused
from .valuing import value_of


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A use of a code on an order. `replayed` says that it had been made before."""

    code: str
    order_id: str
    discount: Money
    redeemed_at: datetime
    replayed: bool


def redeem(
    code: str,
    *,
    customer: Customer | None,
    order: Order,
    now: datetime,
    codes: Sequence[str] | None = None,
) -> Redeemed:
    """Use the code on the order, once: a repeat gives the same answer and counts nothing.

    With `codes` it is judged beside these and the running promotions (`valuing.value_of`). Raises Refused
    when the code or its promotion is exhausted, does not fit the order or the customer, was rolled back on
    this order, or loses to other offers. Seven statements, of which uses of one code share the last one.
    """
    shown = find_on(code, order.id)
    coupon = shown.coupon
    if shown.prior:
        return _replay(coupon, order, shown.prior)
    check_living(coupon, customer, now)
    value = value_of(coupon, customer, order, now, codes)
    try:
        _redeem(shown, customer, order, value, now)
    except limits.NotBeside:
        # Reservations that expired may hold what is missing.
        if not counting.release(coupon, now):
            raise Refused("exhausted") from None
        return redeem(code, customer=customer, order=order, now=now, codes=codes)
    except limits.Exhausted:
        raise Refused("exhausted") from None
    except IntegrityError:
        # A rival's row for this order stood in the way, and everything here was undone.
        if prior := find_on(code, order.id).prior:
            return _replay(coupon, order, prior)
        raise Refused("exhausted") from None
    return Redeemed(coupon.code, order.id, value.discount, now, replayed=False)


@transaction.atomic
def _redeem(shown: Shown, customer: Customer | None, order: Order, value: Worth, now: datetime) -> None:
    """Write the use. The rows that many want at once come last, in one statement."""
    coupon = shown.coupon
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO coupons_redemption (coupon_id, customer_id, order_id, discount, currency, counted,"
            " order_amount, redeemed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [
                coupon.pk,
                customer.pk if customer else None,
                order.id,
                value.discount.amount,
                value.discount.currency,
                value.counted,
                value.order_amount,
                now,
            ],
        )
        [redemption_id] = cursor.fetchone()
    if customer:
        record_events([_event(redemption_id, customer, order, coupon, value.discount, now)], now=now)
    told = {
        "code": coupon.code,
        "order": order.id,
        "promotion": coupon.pool.promotion.slug,
        "discount": value.discount.as_json(),
        "redeemed_at": now.isoformat(),
    }
    tell("coupon.redeemed", str(redemption_id), told, now=now)
    counted = shown.reserved and counting.take_reserved(coupon, order.id, now)
    limits.spend(
        coupon.pool.promotion,
        customer_id=customer.pk if customer else None,
        amount=value.counted,
        reference=f"redemption:{redemption_id}",
        now=now,
        beside=None if counted else counting.taking(coupon),
    )


def _replay(coupon: Coupon, order: Order, prior: Prior) -> Redeemed:
    if prior.rolled_back_at is not None:
        raise Refused("rolled_back", _("This code's use on this order was taken back."))
    return Redeemed(coupon.code, order.id, prior.discount, prior.redeemed_at, replayed=True)


def _event(
    redemption_id: int, customer: Customer, order: Order, coupon: Coupon, discount: Money, now: datetime
) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "message_id": f"redeemed:{redemption_id}",
        "type": "coupon_redeemed",
        "customer_id": customer.pk,
        "order_id": order.id,
        # Facts hold the shop's own currency; other amounts stand in the properties alone.
        "discount": str(discount.amount) if discount.currency == settings.SHOP_CURRENCY else None,
        "currency": discount.currency,
        "occurred_at": now,
        "properties": {
            "promotion": str(coupon.pool.promotion_id),
            "pool": str(coupon.pool_id),
            "for": coupon.assigned_for,
            "discount": discount.as_json(),
        },
    }
