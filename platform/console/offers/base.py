"""What the pages of offers share: their tabs and how a promotion stands."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.promotions.models import Promotion
from console.page import Page

#: Name, address, permission.
TABS = (
    (gettext_lazy("Promotions"), "offers", "promotions.view_promotion"),
    (gettext_lazy("Coupon pools"), "offer_pools", "coupons.view_couponpool"),
    (gettext_lazy("Offer plans"), "offer_plans", "targeting.view_offerplan"),
    (gettext_lazy("Calendar"), "offer_calendar", "promotions.view_promotion"),
    (gettext_lazy("What offers brought"), "offer_results", "promotions.view_promotion"),
    (gettext_lazy("Past offers"), "offer_past", "promotions.view_promotion"),
    (gettext_lazy("Redemptions"), "coupons_redemption_changelist", "coupons.view_redemption"),
)


class OffersPage(Page):
    """A page under the tabs; `tab` is the address of the one it stands under."""

    tab = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the tabs that the person may open."""
        user = self.request.user
        tabs = [(title, name, name == self.tab) for title, name, code in TABS if user.has_perm(code)]
        return super().get_context_data(tabs=tabs, **kwargs)


@dataclass(frozen=True, slots=True)
class State:
    """How a promotion stands: a key, its name, and the look of its pill."""

    key: str
    label: str
    look: str


def state_of(promotion: Promotion, now: datetime) -> State:
    """Say whether a promotion applies at a moment, and if not, why."""
    if promotion.archived_at is not None:
        return State("archived", _("archived"), "plain")
    if not promotion.active:
        if promotion.used:
            return State("off", _("switched off"), "warn")
        return State("draft", _("draft"), "plain")
    if promotion.ends_at and promotion.ends_at <= now:
        return State("over", _("over"), "plain")
    if promotion.starts_at and promotion.starts_at > now:
        return State("planned", _("planned"), "info")
    if promotion.limit is not None and promotion.used >= promotion.limit:
        return State("exhausted", _("used up"), "warn")
    if promotion.budget is not None and promotion.spent >= promotion.budget:
        return State("exhausted", _("budget used up"), "warn")
    return State("running", _("running"), "ok")


def share_of(part: Decimal | int, whole: Decimal | int | None) -> float | None:
    """Return how much of a limit is used, None without a limit."""
    return None if not whole else min(1.0, float(part) / float(whole))


def countdown(promotion: Promotion, now: datetime) -> str:
    """Say how long until the promotion begins or ends, in its largest unit; nothing without an end."""
    for at, words in (
        (promotion.starts_at, _("begins in %(time)s")),
        (promotion.ends_at, _("ends in %(time)s")),
    ):
        if at and at > now:
            return words % {"time": span((at - now).total_seconds())}
    return ""


def span(seconds: float) -> str:
    """Write a length of time in its largest unit, rounded down, never below a minute."""
    minutes = max(1, int(seconds // 60))
    if minutes < 120:
        return _("%(count)d min") % {"count": minutes}
    if minutes < 48 * 60:
        return _("%(count)d hours") % {"count": minutes // 60}
    return _("%(count)d days") % {"count": minutes // 1440}
