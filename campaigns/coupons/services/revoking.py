"""Take a code out of use for good."""

from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce

from accounts import audit
from accounts.models import User
from campaigns.coupons.models import Coupon


def revoke(coupon: Coupon, *, now: datetime, user: User | None) -> bool:
    """Void a code: no further use, now or after a roll-back. Return whether it was usable before.

    What it was used for stays; what is reserved by it cannot be redeemed any more. It does not go back to
    the pool. One conditional UPDATE.
    """
    usable = Coupon.objects.usable(now).filter(pk=coupon.pk)
    changed = usable.update(limit=F("used"), expires_at=now, assigned_at=Coalesce("assigned_at", now))
    if changed:
        audit.record(
            action="revoke_code", target=coupon.pool, now=now, user=user, after={"code_id": coupon.pk}
        )
    return bool(changed)
