"""Coupons in the words of the shop."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

#: A unique code that nobody was given yet.
FREE = Q(customer=None, assigned_at=None, used=0, limit=1)


class CouponQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Coupons by what can be done with them."""

    def usable(self, now: datetime) -> "CouponQuerySet":
        """Return those that have not expired and have uses left."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), used__lt=F("limit"))

    def generic(self) -> "CouponQuerySet":
        """Return the codes that many people may use."""
        return self.filter(limit__gt=1)

    def free(self) -> "CouponQuerySet":
        """Return the unique codes that nobody was given yet."""
        return self.filter(FREE)
