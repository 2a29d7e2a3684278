"""What may be read of coupons."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q

from .codes import CodeInvalid, normalise
from .models import Coupon, CouponPool
from .querysets import FREE


@dataclass(frozen=True, slots=True)
class Stock:
    """How a pool stands. `out` are codes that people hold and could still redeem.

    `generic` are codes for everybody with uses left: with one of them nobody goes without.
    """

    codes: int
    free: int
    assigned: int
    redeemed: int
    out: int
    generic: int


def find(code: str) -> Coupon | None:
    """Return the coupon by what a person typed, with pool and promotion. One query."""
    try:
        stored = normalise(code)
    except CodeInvalid:
        return None
    return Coupon.objects.select_related("pool__promotion").filter(code=stored).first()


def stock(pool: CouponPool, *, now: datetime) -> Stock:
    """Count a pool's codes by their state. One query."""
    held = Q(customer__isnull=False)
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    counts = Coupon.objects.filter(pool=pool).aggregate(
        codes=Count("pk"),
        free=Count("pk", filter=FREE),
        assigned=Count("pk", filter=held),
        redeemed=Count("pk", filter=Q(used__gt=0)),
        generic=Count("pk", filter=Q(customer=None, limit__gt=1, used__lt=F("limit")) & alive),
        out=Count("pk", filter=held & alive & Q(used__lt=F("limit"))),
    )
    return Stock(**counts)
