"""Fill pools with codes and hand codes to people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.jobs import Progress, silent
from accounts.models import User
from campaigns.promotions.models import Promotion
from events.services import record as record_events

from .codes import CodeInvalid, new_code, normalise
from .models import Coupon, CouponPool

#: 10,000 codes are one statement: about 120 ms and 3 MB.
BATCH = 10_000
MOST_AT_ONCE = 5_000_000
#: So many bad lines of a file are named.
MOST_TOLD = 100
#: The source under which coupons write events.
SOURCE = "coupons"


@transaction.atomic
def create_pool(
    *,
    name: str,
    promotion: Promotion,
    now: datetime,
    prefix: str = "",
    valid_hours: int | None = None,
    user: User | None = None,
) -> CouponPool:
    """Store an empty pool. Its promotion must need a code; the prefix is letters and digits."""
    if not promotion.needs_code:
        raise CodeInvalid(_("The promotion applies without a code; mark it as needing one."))
    prefix = normalise(prefix) if prefix else ""
    pool = CouponPool(name=name, promotion=promotion, prefix=prefix, valid_hours=valid_hours, created_at=now)
    pool.full_clean()
    pool.save(force_insert=True)
    audit.record(action="create_pool", target=pool, now=now, user=user, after={"promotion": promotion.slug})
    return pool


def generate_codes(
    pool: CouponPool,
    count: int,
    *,
    now: datetime,
    user: User | None = None,
    progress: Progress = silent,
) -> int:
    """Add `count` new unique codes to a pool, each for one use. Return how many were added.

    Each batch commits by itself, so a cancelled generation keeps what is there. A code that exists
    already is replaced by another. 1 M codes take about half a minute.
    """
    if not 0 < count <= MOST_AT_ONCE:
        raise ValueError(_("Generate between 1 and %(most)d codes at once.") % {"most": MOST_AT_ONCE})
    added = 0
    while added < count:
        progress(added, count)
        added += _insert(pool, {new_code(pool.prefix) for _n in range(min(BATCH, count - added))}, 1, now)
    progress(added, count)
    audit.record(action="generate_codes", target=pool, now=now, user=user, after={"added": added})
    return added


def import_codes(
    pool: CouponPool, codes: Iterable[str], *, now: datetime, limit: int = 1, user: User | None = None
) -> int:
    """Add a partner's codes, or a generic code with a `limit` above one. Return how many were new.

    Raises CodeInvalid for the first text that cannot be a code; then nothing is stored.
    """
    with transaction.atomic():
        added = _insert(pool, {normalise(code) for code in codes}, limit, now)
        audit.record(action="import_codes", target=pool, now=now, user=user, after={"added": added})
    return added


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a partner's codes. `invalid` are the first hundred (line, sentence), lines from 1."""

    added: int
    duplicates: int
    invalid: tuple[tuple[int, str], ...]
    refused: int


def take_over(
    pool: CouponPool,
    lines: Iterable[str],
    *,
    now: datetime,
    limit: int = 1,
    user: User | None = None,
    progress: Progress = silent,
) -> Taken:
    """Add a partner's codes, one a line, and say which could not be taken; blank lines do not count.

    Codes that exist anywhere are duplicates. Each batch of 10,000 commits by itself, and a repeat adds
    only what is missing. A million lines take about 30 s and 5 MB.
    """
    added = refused = read = 0
    invalid: list[tuple[int, str]] = []
    batch: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        read += 1
        try:
            batch.add(normalise(line.strip().strip('"')))
        except CodeInvalid as error:
            refused += 1
            if len(invalid) < MOST_TOLD:
                invalid.append((number, str(error)))
        if len(batch) >= BATCH:
            added += _insert(pool, batch, limit, now)
            batch = set()
            progress(read)
    if batch:
        added += _insert(pool, batch, limit, now)
    progress(read)
    audit.record(
        action="import_codes",
        target=pool,
        now=now,
        user=user,
        after={"added": added, "refused": refused, "limit": limit},
    )
    return Taken(added, read - refused - added, tuple(invalid), refused)


def _insert(pool: CouponPool, codes: set[str], limit: int, now: datetime) -> int:
    with connection.cursor() as cursor:
        # Sorted, so that two generations at once cannot wait for each other in a circle.
        cursor.execute(
            'INSERT INTO coupons_coupon (pool_id, code, assigned_for, "limit", used, created_at)'
            " SELECT %s, code, '', %s, 0, %s FROM unnest(%s::text[]) AS code ON CONFLICT (code) DO NOTHING",
            [pool.pk, limit, now, sorted(codes)],
        )
        return int(cursor.rowcount)


_LOCK_PEOPLE = "SELECT id FROM customers_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_ASSIGN = """
WITH free AS (
    SELECT id FROM coupons_coupon
    WHERE pool_id = %(pool)s AND customer_id IS NULL AND assigned_at IS NULL AND used = 0 AND "limit" = 1
    ORDER BY id LIMIT %(count)s FOR UPDATE SKIP LOCKED
), numbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM free
), people AS (
    SELECT customer, place FROM unnest(%(people)s::bigint[]) WITH ORDINALITY AS p (customer, place)
)
UPDATE coupons_coupon AS coupon
SET customer_id = people.customer, assigned_for = %(reference)s, assigned_at = %(now)s,
    expires_at = %(now)s + %(hours)s * interval '1 hour'
FROM numbered JOIN people USING (place)
WHERE coupon.id = numbered.id
RETURNING coupon.id
"""


@transaction.atomic
def assign(
    pool: CouponPool, customer_ids: Sequence[int], *, reference: str, now: datetime
) -> dict[int, Coupon]:
    """Give each customer a code of the pool, and the same code again for the same reference.

    Returns the coupons by customer; customers for whom no code is left are absent. Called in the
    transaction that claims a batch of messages: free codes are locked with SKIP LOCKED, so workers do
    not wait for each other; the customers are locked first, so that two batches with the same person
    agree. Five statements for a batch of any size: 500 people take about 30 ms.
    """
    people = sorted(set(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_PEOPLE, [people])
        given = _given(pool, people, reference)
        missing = [customer for customer in people if customer not in given]
        if not missing:
            return given
        cursor.execute(
            _ASSIGN,
            {
                "pool": pool.pk,
                "count": len(missing),
                "people": missing,
                "reference": reference,
                "now": now,
                "hours": pool.valid_hours,
            },
        )
        new = Coupon.objects.in_bulk([row[0] for row in cursor.fetchall()])
    fresh = {coupon.customer_id: coupon for coupon in new.values() if coupon.customer_id is not None}
    record_events([_event(coupon, pool, now) for coupon in fresh.values()], now=now)
    given |= fresh
    left = [customer for customer in missing if customer not in given]
    generic = generic_code(pool, now) if left else None
    return given | dict.fromkeys(left, generic) if generic else given


def _given(pool: CouponPool, people: Sequence[int], reference: str) -> dict[int, Coupon]:
    coupons = Coupon.objects.filter(pool=pool, assigned_for=reference, customer_id__in=people)
    return {coupon.customer_id: coupon for coupon in coupons if coupon.customer_id is not None}


def generic_code(pool: CouponPool, now: datetime) -> Coupon | None:
    """Return the pool's code for many people, where it has one with uses left."""
    return Coupon.objects.filter(pool=pool, customer=None).generic().usable(now).order_by("id").first()


def _event(coupon: Coupon, pool: CouponPool, now: datetime) -> dict[str, Any]:
    ends = [end for end in (coupon.expires_at, pool.promotion.ends_at) if end is not None]
    return {
        "source": SOURCE,
        "message_id": f"assigned:{coupon.pk}",
        "type": "coupon_assigned",
        "customer_id": coupon.customer_id,
        "occurred_at": now,
        "properties": {
            "promotion": str(pool.promotion_id),
            "pool": str(pool.pk),
            "for": coupon.assigned_for,
            "until": min(ends).isoformat() if ends else None,
        },
    }
