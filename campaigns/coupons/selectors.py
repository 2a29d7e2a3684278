"""What may be read of coupons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count, F, JSONField, Model, Q, Sum

from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.models import Promotion
from core.money import Money, round_money

from .codes import SAMPLE_CODE, CodeInvalid, normalise
from .models import Coupon, CouponPool, Redemption
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


@dataclass(frozen=True, slots=True)
class Specimen:
    """What stands for a code where a message is looked at: what it looks like, its end and what it opens."""

    code: str
    expires_at: datetime | None
    promotion: Promotion | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A pool, its stock, what it gave, and its liability: what the codes that are out would cost.

    A code for an amount costs that amount; any other what the promotion's uses cost on average so far;
    None before the first use. A budget bounds it.
    """

    pool: CouponPool
    stock: Stock
    given: Decimal
    liability: Decimal | None

    def as_json(self) -> dict[str, Any]:
        """Return the REST shape."""
        currency = self.pool.promotion.currency
        return {
            "id": self.pool.pk,
            "name": self.pool.name,
            "promotion": self.pool.promotion.slug,
            "codes": self.stock.codes,
            "free": self.stock.free,
            "assigned": self.stock.assigned,
            "redeemed": self.stock.redeemed,
            "out": self.stock.out,
            "given": Money(self.given, currency).as_json(),
            "liability": None if self.liability is None else Money(self.liability, currency).as_json(),
        }


def standings(*, now: datetime) -> list[Standing]:
    """Return how every pool stands. Three queries; a million codes take about a second."""
    pools = list(CouponPool.objects.select_related("promotion"))
    stocks = {
        row.pop("pool"): Stock(**row)
        for row in Coupon.objects.order_by().values("pool").annotate(**_counts(now))
    }
    given = dict(
        Redemption.objects.filter(rolled_back_at=None)
        .order_by()
        .values_list("coupon__pool")
        .annotate(given=Sum(F("counted") - F("given_back")))
    )
    nothing = Stock(0, 0, 0, 0, 0, 0)
    return [_standing(pool, stocks.get(pool.pk, nothing), given.get(pool.pk) or Decimal(0)) for pool in pools]


def _standing(pool: CouponPool, stock: Stock, given: Decimal) -> Standing:
    promotion = pool.promotion
    each: Decimal | None = None
    if promotion.benefit.get("kind") == "amount":
        each = parse_benefit(promotion.benefit).amount.of(promotion.currency)  # type: ignore[attr-defined]
    elif promotion.used:
        each = promotion.spent / promotion.used
    if not stock.out:
        return Standing(pool, stock, given, Decimal(0))
    liability = None if each is None else round_money(each * stock.out, promotion.currency)
    if promotion.budget is not None:
        left = promotion.budget - promotion.spent
        liability = left if liability is None else min(liability, left)
    return Standing(pool, stock, given, liability)


def standing(pool: CouponPool, *, now: datetime) -> Standing:
    """Return how one pool stands. Two queries."""
    given = Redemption.objects.filter(coupon__pool=pool, rolled_back_at=None).aggregate(
        given=Sum(F("counted") - F("given_back"))
    )
    return _standing(pool, stock(pool, now=now), given["given"] or Decimal(0))


@dataclass(frozen=True, slots=True)
class Prior:
    """An order's use of a code, as it stands."""

    discount: Money
    redeemed_at: datetime
    rolled_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A code on an order: how it was used on it, and whether a use is kept for it."""

    coupon: Coupon
    prior: Prior | None
    reserved: bool


def find(code: str) -> Coupon | None:
    """Return the coupon by what a person typed, with pool and promotion. One query."""
    shown = find_on(code, "")
    return shown.coupon if shown else None


def find_on(code: str, order_id: str) -> Shown | None:
    """Return the code as `find` does, with what the order has of it. One query.

    Every call of every till begins with it, so the statement is written once and not built each time.
    """
    try:
        stored = normalise(code)
    except CodeInvalid:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"code": stored, "order": order_id})
        row = cursor.fetchone()
    if row is None:
        return None
    discount, currency, redeemed_at, rolled_back_at, reserved = row[-5:]
    prior = (
        Prior(Money(discount or Decimal(0), currency), redeemed_at, rolled_back_at) if redeemed_at else None
    )
    return Shown(_coupon(row), prior, reserved)


def _coupon(row: Sequence[Any]) -> Coupon:
    values = iter(row)
    coupon: Coupon = _built(Coupon, values)
    coupon.pool = _built(CouponPool, values)
    coupon.pool.promotion = _built(Promotion, values)
    return coupon


def _built(model: type[Model], values: Iterator[Any]) -> Any:
    """Return an instance of the model from the next columns of a row."""
    names, reads = _READ[model]
    found = [read(value) for read, value in zip(reads, islice(values, len(names)), strict=True)]
    return model.from_db("default", names, found)


def _as_is(value: Any) -> Any:
    return value


_READ: dict[type[Model], tuple[list[str], list[Callable[[Any], Any]]]] = {
    model: (
        [field.attname for field in model._meta.concrete_fields],
        [orjson.loads if isinstance(field, JSONField) else _as_is for field in model._meta.concrete_fields],
    )
    for model in (Coupon, CouponPool, Promotion)
}
_COLUMNS = ", ".join(
    f'{model._meta.db_table}."{field.column}"' for model in _READ for field in model._meta.concrete_fields
)
_FIND = (
    f"SELECT {_COLUMNS}, r.discount, r.currency, r.redeemed_at, r.rolled_back_at,"  # noqa: S608 – names
    " EXISTS (SELECT FROM coupons_reservation v WHERE v.coupon_id = coupons_coupon.id"
    " AND v.order_id = %(order)s AND v.released_at IS NULL)"
    " FROM coupons_coupon"
    " JOIN coupons_couponpool ON coupons_couponpool.id = coupons_coupon.pool_id"
    " JOIN promotions_promotion ON promotions_promotion.id = coupons_couponpool.promotion_id"
    " LEFT JOIN coupons_redemption r ON r.coupon_id = coupons_coupon.id AND r.order_id = %(order)s"
    " WHERE coupons_coupon.code = %(code)s"
)


def specimen(pool: CouponPool, *, now: datetime) -> Specimen:
    """Return what a code given out of a pool now would be like: nobody's, or the one that everybody gets.

    At most two queries.
    """
    ends_at, hours = pool.promotion.ends_at, pool.valid_hours
    there = Coupon.objects.filter(pool=pool)
    code, expires_at = f"{pool.prefix}{SAMPLE_CODE}", now + timedelta(hours=hours) if hours else None
    if not there.free().exists() and (shared := there.filter(customer=None).generic().usable(now).first()):
        code, expires_at = shared.code, shared.expires_at
    return Specimen(code, min(filter(None, (expires_at, ends_at)), default=None), pool.promotion)


def stock(pool: CouponPool, *, now: datetime) -> Stock:
    """Count a pool's codes by their state. One query."""
    return Stock(**Coupon.objects.filter(pool=pool).aggregate(**_counts(now)))


def _counts(now: datetime) -> dict[str, Count]:
    held = Q(customer__isnull=False)
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    return {
        "codes": Count("pk"),
        "free": Count("pk", filter=FREE),
        "assigned": Count("pk", filter=held),
        "redeemed": Count("pk", filter=Q(used__gt=0)),
        "generic": Count("pk", filter=Q(customer=None, limit__gt=1, used__lt=F("limit")) & alive),
        "out": Count("pk", filter=held & alive & Q(used__lt=F("limit"))),
    }
