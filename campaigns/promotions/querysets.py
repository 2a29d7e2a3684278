"""Promotions in the words of the shop."""

from datetime import datetime

from django.db import models
from django.db.models import Q


class PromotionQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Promotions by when and how they apply."""

    def running(self, now: datetime) -> "PromotionQuerySet":
        """Return those that are switched on and whose period holds."""
        return self.filter(
            Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now), active=True
        )

    def automatic(self) -> "PromotionQuerySet":
        """Return those that apply without a code."""
        return self.filter(needs_code=False)


class PromotedOrderQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """Orders by what became of their promotions."""

    def standing(self) -> "PromotedOrderQuerySet":
        """Return those whose promotions count: reserved or used."""
        return self.filter(state__in=["reserved", "redeemed"])

    def expired(self, now: datetime) -> "PromotedOrderQuerySet":
        """Return those whose reservation has run out."""
        return self.filter(state="reserved", expires_at__lte=now)
