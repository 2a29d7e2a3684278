"""Warn before a pool runs dry or its codes run out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_noop as noop

from accounts import notices
from accounts.models import Notice
from delivery.endpoints.hooks import tell

from .models import PoolWarning

#: So long before the end people can still be reminded.
AHEAD = timedelta(days=3)

Kind = PoolWarning.Kind
_SENTENCES = {
    Kind.LOW: noop("The pool “%(name)s” has %(count)s codes left."),
    Kind.EXPIRING: noop("%(count)s codes of “%(name)s” that people hold end within three days."),
    Kind.ENDING: noop("The offer of “%(name)s” ends within three days; people hold %(count)s of its codes."),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be warned of now."""

    pool: UUID
    kind: str
    count: int
    due_at: datetime | None


@transaction.atomic
def look(*, now: datetime) -> list[PoolWarning]:
    """Bring the warnings up to date and return the new ones.

    Low: fewer codes are left than the pool's `low_stock`, and no generic code stands in. Expiring: codes
    that people hold and could use end within three days. Ending: so does a promotion with such codes.
    One query by partial indexes over the pools whose promotion runs (a million codes take about 0.3 s),
    and three small ones.
    """
    found = {(f.pool, f.kind): f for f in _found(now)}
    known = {(w.pool_id, w.kind): w for w in PoolWarning.objects.select_for_update()}
    gone = [warning.pk for key, warning in known.items() if key not in found]
    PoolWarning.objects.filter(pk__in=gone).delete()
    PoolWarning.objects.bulk_create(
        [
            PoolWarning(pool_id=f.pool, kind=f.kind, count=f.count, due_at=f.due_at, since=now)
            for f in found.values()
        ],
        update_conflicts=True,
        unique_fields=["pool", "kind"],
        update_fields=["count", "due_at"],
    )
    new = [f.pool for key, f in found.items() if key not in known]
    kinds = [f.kind for key, f in found.items() if key not in known]
    fresh = [
        warning
        for warning in PoolWarning.objects.filter(pool__in=new, kind__in=kinds).select_related("pool")
        if (warning.pool_id, warning.kind) not in known
    ]
    for warning in fresh:
        told = {
            "pool": str(warning.pool_id),
            "name": warning.pool.name,
            "warning": warning.kind,
            "codes": warning.count,
            "due_at": warning.due_at.isoformat() if warning.due_at else None,
        }
        tell("pool.warning", str(warning.pk), told, now=now)
        notices.tell(
            "coupons.change_couponpool",
            Notice.Kind.POOL,
            _SENTENCES[Kind(warning.kind)],
            f"/admin/offers/pools/{warning.pool_id}/",
            now,
            facts={"name": warning.pool.name, "count": warning.count},
            key=f"pool:{warning.pool_id}:{warning.kind}:{warning.since.isoformat()}",
        )
    return fresh


def open_warnings() -> list[PoolWarning]:
    """Return what stands, for the home page. One query."""
    return list(PoolWarning.objects.select_related("pool").order_by("-since", "pool__name"))


def _found(now: datetime) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, {"now": now, "ahead": now + AHEAD})
        return [Found(*row) for row in cursor.fetchall()]


# Counting stops at the threshold: the full count of a large pool is nobody's business here.
_FOUND = """
WITH pool AS (
    SELECT l.id, l.low_stock, p.ends_at FROM coupons_couponpool l
    JOIN promotions_promotion p ON p.id = l.promotion_id
    WHERE p.active AND (p.ends_at IS NULL OR p.ends_at > %(now)s)
)
SELECT pool.id, 'low', stock.free, NULL::timestamptz FROM pool
CROSS JOIN LATERAL (
    SELECT count(*) AS free FROM (
        SELECT FROM coupons_coupon c WHERE c.pool_id = pool.id AND c.customer_id IS NULL
          AND c.assigned_at IS NULL AND c.used = 0 AND c."limit" = 1 LIMIT pool.low_stock
    ) few
) stock
WHERE stock.free < pool.low_stock
  AND EXISTS (SELECT FROM coupons_coupon c WHERE c.pool_id = pool.id AND c."limit" = 1)
  AND NOT EXISTS (
    SELECT FROM coupons_coupon c WHERE c.pool_id = pool.id AND c.customer_id IS NULL
      AND c."limit" > 1 AND c.used < c."limit" AND (c.expires_at IS NULL OR c.expires_at > %(now)s)
  )
UNION ALL
SELECT pool.id, 'expiring', codes.held, codes.due_at FROM pool
CROSS JOIN LATERAL (
    SELECT count(*) AS held, min(c.expires_at) AS due_at FROM coupons_coupon c
    WHERE c.pool_id = pool.id AND c.customer_id IS NOT NULL AND c.used < c."limit"
      AND c.expires_at > %(now)s AND c.expires_at <= %(ahead)s
) codes
WHERE codes.held > 0
UNION ALL
SELECT pool.id, 'ending', codes.held, pool.ends_at FROM pool
CROSS JOIN LATERAL (
    SELECT count(*) AS held FROM coupons_coupon c
    WHERE c.pool_id = pool.id AND c.customer_id IS NOT NULL AND c.used < c."limit"
      AND (c.expires_at IS NULL OR c.expires_at > %(now)s)
) codes
WHERE pool.ends_at <= %(ahead)s AND codes.held > 0
"""
