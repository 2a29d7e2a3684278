"""The margin that offers are judged by: worked out from costs where they are known, otherwise typed."""

from decimal import Decimal, InvalidOperation

from django.core.cache import cache
from django.utils.translation import gettext as _

from campaigns import margins
from campaigns.coupons.figures import Given
from campaigns.margins import Margin
from core import clock
from core.figures import percent

_SECONDS = 600


def known_margin() -> Margin | None:
    """Return the margin of the shop's sales of late, where it can be one; kept for ten minutes."""
    # None would not be kept.
    found: tuple[Margin | None] = cache.get_or_set(
        "console:offers:margin", lambda: (margins.of_shop(until=clock.knowledge_now()),), _SECONDS
    )
    return found[0] if found[0] and 0 < found[0].share <= 1 else None


def coverage(margin: Margin) -> str:
    """Say of what the margin is known."""
    return _("From what products cost: known of %(share)s of the sales.") % {
        "share": percent(float(margin.covered), 0)
    }


def margin_share(text: str | None) -> Decimal | None:
    """Return the share of the price before discounts that is margin, as somebody typed it in percent."""
    try:
        share = Decimal((text or "").strip()[:10])
    except InvalidOperation:
        return None
    return share / 100 if share.is_finite() and 0 < share <= 100 else None


def margin(given: Given, share: Decimal | None) -> Decimal | None:
    """Return what is left on these orders: the margin of the undiscounted price, less the discount."""
    return None if share is None else before(given) * share - given.discount


def before(given: Given) -> Decimal:
    """Return what these orders would have cost without the discount."""
    return given.revenue + given.discount


def percent_text(share: Decimal | None) -> str:
    """Write a share as a number in percent for a field."""
    return "" if share is None else f"{(share * 100).normalize():f}"
