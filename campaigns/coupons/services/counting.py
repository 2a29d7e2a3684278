"""The one counter of a code: `used` counts redemptions that stand and reservations that live.

It changes only by a conditional UPDATE whose row count is checked; behind it stand a CHECK and UNIQUE
(coupon, order). Redeeming and rolling back lock redemption → coupon → promotion; what touches several
reservations locks the coupon before them, and redeeming never needs the coupon when it used its order's own
reservation: no two can wait in a circle. What a hot code's uses wait for each other with is plain SQL: to
build these statements by the ORM takes longer than to run them.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from campaigns.coupons.models import Coupon, Reservation
from campaigns.promotions.limits import Beside

from .refusals import NothingLeft


def lock(coupon: Coupon) -> None:
    """Make all others wait who would lock the code, until the transaction ends."""
    Coupon.objects.select_for_update(no_key=True).only("pk").get(pk=coupon.pk)


_TAKE = """UPDATE coupons_coupon SET used = used + 1
WHERE id = %(beside_coupon)s AND used < "limit" RETURNING id"""


def take(coupon: Coupon) -> None:
    """Count one use, or raise NothingLeft."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"beside_coupon": coupon.pk})
        if cursor.rowcount != 1:
            raise NothingLeft


def taking(coupon: Coupon) -> Beside:
    """Return the same for `limits.spend`, which counts both in one statement."""
    return Beside(_TAKE, {"beside_coupon": coupon.pk})


def take_reserved(coupon: Coupon, order_id: str, now: datetime) -> bool:
    """End the order's own reservation, whose use is counted already; return whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE coupons_reservation SET released_at = %s"
            " WHERE coupon_id = %s AND order_id = %s AND released_at IS NULL",
            [now, coupon.pk, order_id],
        )
        return bool(cursor.rowcount)


def give_back(coupon: Coupon, times: int) -> None:
    """Count uses down."""
    Coupon.objects.filter(pk=coupon.pk, used__gte=times).update(used=F("used") - times)


@transaction.atomic
def release(coupon: Coupon, now: datetime) -> int:
    """Give back the uses of a code's expired reservations and return how many they were."""
    lock(coupon)
    released = coupon.reservations.filter(released_at=None, expires_at__lte=now).update(released_at=now)
    if released:
        give_back(coupon, released)
    return int(released)


def release_expired(*, now: datetime, batch: int = 1000) -> int:
    """Give back the uses of reservations that have expired. Return how many. Safe to run at any time."""
    expired = Reservation.objects.filter(released_at=None, expires_at__lte=now)
    ids = sorted(set(expired.values_list("coupon_id", flat=True)[:batch]))
    return sum(release(coupon, now) for coupon in Coupon.objects.filter(pk__in=ids).order_by("pk"))
