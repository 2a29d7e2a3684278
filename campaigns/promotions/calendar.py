"""Promotions as sales on the shop's calendar, so that profiles do not take a sale for loyalty."""

from collections.abc import Iterable
from datetime import date

from core import clock
from profiles.calendar import Sale

from .models import Promotion


def sales(first: date, last: date) -> Iterable[Sale]:
    """Return the promotions that applied by themselves and to every cart, with both of their days."""
    zone = clock.shop_zone()
    dated = Promotion.objects.filter(
        needs_code=False, conditions=[], starts_at__isnull=False, ends_at__isnull=False
    )
    for promotion in dated.order_by("starts_at", "pk"):
        if promotion.starts_at and promotion.ends_at:
            starts, ends = (at.astimezone(zone).date() for at in (promotion.starts_at, promotion.ends_at))
            if starts <= last and ends >= first:
                yield Sale(promotion.name, starts, ends)
