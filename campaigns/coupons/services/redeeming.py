"""The life of a code at the till: validate → reserve → redeem → roll back.

`used` counts redemptions that stand and reservations that live. It changes only by a conditional UPDATE
whose row count is checked; behind it stand a CHECK and UNIQUE (coupon, order). Redeeming and rolling back
lock redemption → coupon → promotion; what touches several reservations locks the coupon before them, and
redeeming never needs the coupon when it used its order's own reservation: no two can wait in a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns.promotions import selectors as promotion_selectors
from campaigns.promotions import services as promotions
from campaigns.promotions.applicator import apply
from core.money import Money
from customers.models import Customer
from events.services import record as record_events

from . import selectors
from .models import Coupon, Redemption, Reservation
from .pools import SOURCE

RESERVED_FOR = timedelta(minutes=15)


class Refused(Exception):
    """The code gives nothing here. `reason` is one of invalid_code, exhausted, ineligible, rolled_back.

    `detail` is a sentence for the shopper where there is more to say.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason)


class _NothingLeft(Refused):
    """All uses are taken, reservations included."""

    def __init__(self) -> None:
        super().__init__("exhausted")


@dataclass(frozen=True, slots=True)
class Order:
    """What is being paid: the shop's order number and its lines in one currency."""

    id: str
    lines: Sequence[Mapping[str, Any]]
    currency: str


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A use of a code on an order. `replayed` says that it had been made before."""

    code: str
    order_id: str
    discount: Money
    redeemed_at: datetime
    replayed: bool


def validate(code: str, *, customer: Customer | None, order: Order, now: datetime) -> Money:
    """Return the discount that the code would give on the order now. Changes nothing.

    Raises Refused, or RuleInvalid for amounts that are not money.
    """
    coupon = _find(code)
    _check_living(coupon, customer, now)
    prior = Redemption.objects.filter(coupon=coupon, order_id=order.id, rolled_back_at=None).exists()
    reserved = coupon.reservations.filter(order_id=order.id, released_at=None, expires_at__gt=now).exists()
    lapsed = coupon.reservations.filter(released_at=None, expires_at__lte=now).exists()
    if coupon.used >= coupon.limit and not (prior or reserved or lapsed):
        raise Refused("exhausted")
    return _discount(coupon, customer, order, now)


@transaction.atomic
def reserve(
    code: str,
    *,
    customer: Customer | None,
    order: Order,
    now: datetime,
    lasts: timedelta = RESERVED_FOR,
) -> Reservation:
    """Keep one use of the code free for the order until it expires; the same order extends it.

    The promotion's own limit and budget are counted when the code is redeemed, not here.
    """
    coupon = _find(code)
    _check_living(coupon, customer, now)
    _discount(coupon, customer, order, now)
    _lock(coupon)
    if Redemption.objects.filter(coupon=coupon, order_id=order.id).exists():
        raise Refused("exhausted")
    _release_expired(coupon, now)
    until = min(now + lasts, coupon.expires_at or datetime.max.replace(tzinfo=now.tzinfo))
    if coupon.reservations.filter(order_id=order.id, released_at=None).update(expires_at=until) == 0:
        _take(coupon)
        Reservation.objects.update_or_create(
            coupon=coupon, order_id=order.id, defaults={"expires_at": until, "released_at": None}
        )
    return Reservation.objects.get(coupon=coupon, order_id=order.id)


def redeem(code: str, *, customer: Customer | None, order: Order, now: datetime) -> Redeemed:
    """Use the code on the order, once: a repeat gives the same answer and counts nothing.

    Raises Refused when the code or its promotion is exhausted, does not fit the order or the customer,
    or was rolled back on this order. About 17 statements, of which uses of one code share the last four.
    """
    coupon = _find(code)
    if prior := _replay(coupon, order):
        return prior
    _check_living(coupon, customer, now)
    discount = _discount(coupon, customer, order, now)
    try:
        _redeem(coupon, customer, order, discount, now)
    except _NothingLeft:
        # Reservations that expired may hold what is missing.
        if not _release_expired(coupon, now):
            raise Refused("exhausted") from None
        return redeem(code, customer=customer, order=order, now=now)
    except promotions.Exhausted:
        raise Refused("exhausted") from None
    except IntegrityError:
        # A rival's row for this order stood in the way, and everything here was undone.
        if prior := _replay(coupon, order):
            return prior
        raise Refused("exhausted") from None
    return Redeemed(coupon.code, order.id, discount, now, replayed=False)


@transaction.atomic
def _redeem(coupon: Coupon, customer: Customer | None, order: Order, discount: Money, now: datetime) -> None:
    """Write the use. The rows that many want at once come last and are held for four statements."""
    promotion = coupon.pool.promotion
    redemption = Redemption.objects.create(
        coupon=coupon,
        customer=customer,
        order_id=order.id,
        discount=discount.amount,
        currency=discount.currency,
        redeemed_at=now,
    )
    if customer:
        record_events([_event(redemption, coupon, discount, now)], now=now)
    # A use reserved for this order is already counted.
    if coupon.reservations.filter(order_id=order.id, released_at=None).update(released_at=now) == 0:
        _take(coupon)
    promotions.spend(promotion, amount=discount.amount, reference=f"redemption:{redemption.pk}", now=now)
    if promotion.limit_per_customer is not None and customer:
        times = Redemption.objects.filter(
            customer=customer, coupon__pool__promotion=promotion, rolled_back_at=None
        ).count()
        if times > promotion.limit_per_customer:
            raise promotions.Exhausted(promotion.slug)


@transaction.atomic
def roll_back(code: str, *, order_id: str, now: datetime) -> None:
    """Take back the code's use on an order: redeemed or reserved. A repeat changes nothing."""
    coupon = _find(code)
    # The code's row first, as whoever releases or reserves takes it: the other way round two would wait
    # for each other.
    _lock(coupon)
    if _roll_back_redemption(coupon, order_id, now):
        return
    if coupon.reservations.filter(order_id=order_id, released_at=None).update(released_at=now):
        _give_back(coupon, 1)
    # The reservation may just have been redeemed while we waited for it.
    elif not _roll_back_redemption(coupon, order_id, now) and not coupon.reservations.filter(
        order_id=order_id
    ):
        raise Refused("invalid_code")


def _roll_back_redemption(coupon: Coupon, order_id: str, now: datetime) -> bool:
    """Take a redemption back where there is one, once; return whether there is one."""
    redemption = (
        Redemption.objects.select_for_update(no_key=True).filter(coupon=coupon, order_id=order_id).first()
    )
    if redemption is None:
        return False
    if Redemption.objects.filter(pk=redemption.pk, rolled_back_at=None).update(rolled_back_at=now):
        _give_back(coupon, 1)
        if redemption.discount is not None:
            promotions.give_back(
                coupon.pool.promotion,
                amount=redemption.discount,
                reference=f"rollback:{redemption.pk}",
                now=now,
            )
    return True


def release_expired(*, now: datetime, batch: int = 1000) -> int:
    """Give back the uses of reservations that have expired. Return how many. Safe to run at any time."""
    expired = Reservation.objects.filter(released_at=None, expires_at__lte=now)
    ids = sorted(set(expired.values_list("coupon_id", flat=True)[:batch]))
    released = 0
    for coupon in Coupon.objects.filter(pk__in=ids).order_by("pk"):
        released += _release_expired(coupon, now)
    return released


def _find(code: str) -> Coupon:
    coupon = selectors.find(code)
    if coupon is None:
        raise Refused("invalid_code")
    return coupon


def _check_living(coupon: Coupon, customer: Customer | None, now: datetime) -> None:
    """Refuse a code that has expired or belongs to somebody else.

    Both answer as an unknown one does: a guesser learns nothing.
    """
    if coupon.expires_at is not None and coupon.expires_at <= now:
        raise Refused("invalid_code")
    if coupon.customer_id is not None and (customer is None or coupon.customer_id != customer.pk):
        raise Refused("invalid_code")
    barred = promotion_selectors.barred(coupon.pool.promotion, now)
    if barred and barred[0] in {"inactive", "not_begun", "over"}:
        raise Refused("invalid_code")


def _discount(coupon: Coupon, customer: Customer | None, order: Order, now: datetime) -> Money:
    """Return what the code's promotion gives on the order, judged by itself."""
    promotion = coupon.pool.promotion
    if promotion.limit_per_customer is not None and customer is None:
        raise Refused("ineligible", _("Say which customer it is: the offer is limited per customer."))
    offer = promotion_selectors.offer_of(promotion, now)
    if offer is None:
        raise Refused("ineligible")
    situation = promotions.situation_of(
        order.lines, currency=order.currency, customer=customer, now=now, order_id=order.id
    )
    result = apply([offer], situation)
    for reason in result.not_applied:
        exhausted = reason.code in {"limit", "budget"}
        raise Refused("exhausted" if exhausted else "ineligible", reason.reason)
    return Money(result.discount, order.currency)


def _lock(coupon: Coupon) -> None:
    Coupon.objects.select_for_update(no_key=True).only("pk").get(pk=coupon.pk)


def _take(coupon: Coupon) -> None:
    if Coupon.objects.filter(pk=coupon.pk, used__lt=F("limit")).update(used=F("used") + 1) != 1:
        raise _NothingLeft


def _give_back(coupon: Coupon, times: int) -> None:
    Coupon.objects.filter(pk=coupon.pk, used__gte=times).update(used=F("used") - times)


@transaction.atomic
def _release_expired(coupon: Coupon, now: datetime) -> int:
    _lock(coupon)
    released = coupon.reservations.filter(released_at=None, expires_at__lte=now).update(released_at=now)
    if released:
        _give_back(coupon, released)
    return int(released)


def _replay(coupon: Coupon, order: Order) -> Redeemed | None:
    prior = Redemption.objects.filter(coupon=coupon, order_id=order.id).first()
    if prior is None:
        return None
    if prior.rolled_back_at is not None:
        raise Refused("rolled_back", _("This code's use on this order was taken back."))
    discount = Money(prior.discount or Decimal(0), prior.currency)
    return Redeemed(coupon.code, order.id, discount, prior.redeemed_at, replayed=True)


def _event(redemption: Redemption, coupon: Coupon, discount: Money, now: datetime) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "message_id": f"redeemed:{redemption.pk}",
        "type": "coupon_redeemed",
        "customer_id": redemption.customer_id,
        "order_id": redemption.order_id,
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
