"""Past offers: what an imported history tells of coupons, and how well redemption can be foreseen."""

from decimal import Decimal
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.dispatch import start_job
from accounts.models import Job
from campaigns.targeting.history import past_offers, people_of
from console.data.jobs import view_of
from console.offers.base import OffersPage
from core import charts, clock
from core.figures import percent

JUDGE = "past_offers"
PEOPLE = 12
#: Column → what it sorts by; the first is the order without a wish.
_KEYS: dict[str, Any] = {
    "starts": lambda one: (one.starts, one.campaign),
    "campaign": lambda one: (len(one.campaign), one.campaign),
    "people": lambda one: one.people,
    "redeemers": lambda one: one.redeemers,
    "rate": lambda one: one.rate,
    "redemptions": lambda one: one.redemptions,
    "discount": lambda one: one.discount or Decimal(0),
}


class Past(OffersPage):
    """Each campaign of the history with who was given its coupons, who redeemed, and what it took off."""

    permission_required = ("promotions.view_promotion",)
    template_name = "console/offers/past.html"
    title = gettext_lazy("Past offers")
    tab = "offer_past"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the table in the order wished for, and what the model reached. Three queries."""
        now, can = clock.now(), self.request.user.has_perm
        wish = self.request.GET.get("by", "")
        key, down = wish.removeprefix("-"), wish.startswith("-")
        key = key if key in _KEYS else "starts"
        found = past_offers()
        rows = sorted(found, key=_KEYS[key], reverse=down)
        last = Job.objects.filter(kind=JUDGE).select_related("started_by").order_by("-created_at").first()
        done = Job.objects.filter(kind=JUDGE, state=Job.State.DONE).order_by("-created_at").first()
        seen = view_of(last, now) if last else None
        judged = done.result if done and done.result else {}
        return super().get_context_data(
            rows=rows,
            columns=_columns(key, down),
            totals={
                "people": sum(one.people for one in found),
                "redeemers": sum(one.redeemers for one in found),
                "redemptions": sum(one.redemptions for one in found),
                "discount": sum((one.discount or Decimal(0) for one in found), Decimal(0)),
            },
            job=seen if seen and (seen["open"] or seen["stale"] or seen["job"].error) else None,
            judged=judged,
            cuts=judged.get("cuts") or [],
            calibration=_calibration(judged),
            may_judge=can("profiles.add_scoreversion"),
            opened=self._opened() if can("customers.view_customer") else None,
            **kwargs,
        )

    def _opened(self) -> dict[str, Any] | None:
        source, campaign = (
            self.request.GET.get(name, "").replace("\0", "")[:100] for name in ("source", "campaign")
        )
        if not campaign:
            return None
        number = self.request.GET.get("page", "")
        page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 6 else 1
        page = max(1, page)
        people = people_of(source, campaign, most=PEOPLE + 1, skip=(page - 1) * PEOPLE)
        return {
            "source": source,
            "campaign": campaign,
            "people": people[:PEOPLE],
            "next": page + 1 if len(people) > PEOPLE else None,
            "previous": page - 1 if page > 1 else None,
        }


def _columns(key: str, down: bool) -> list[dict[str, Any]]:
    labels = {
        "campaign": _("Campaign"),
        "starts": _("When"),
        "people": _("Given to"),
        "redeemers": _("Redeemed by"),
        "rate": _("Redemption"),
        "redemptions": _("Coupons redeemed"),
        "discount": _("Discount"),
    }
    return [
        {
            "label": label,
            "by": name if name == key and down else f"-{name}",
            "sorted": ("descending" if down else "ascending") if name == key else "",
            "number": name not in ("campaign", "starts"),
        }
        for name, label in labels.items()
    ]


def _calibration(judged: dict[str, Any]) -> charts.Chart | None:
    """Draw for the middle cut what was said and what came, ten groups of equally many."""
    cuts = judged.get("cuts") or []
    bins = cuts[len(cuts) // 2].get("bins") if cuts else None
    if not bins:
        return None
    title = _("Foreseen and redeemed, campaigns from %(day)s on") % {"day": cuts[len(cuts) // 2]["cut"]}
    return charts.grouped(
        title,
        [_("tenth %(number)d") % {"number": number} for number in range(1, len(bins) + 1)],
        [
            charts.Series(_("foreseen"), [one["said"] for one in bins], tone="primary-soft"),
            charts.Series(_("redeemed"), [one["came"] for one in bins]),
        ],
        text=percent,
    )


class Judge(PermissionRequiredMixin, View):
    """Ask anew how well redemption can be foreseen, as a job to watch."""

    permission_required = ("profiles.add_scoreversion",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start it."""
        user: Any = request.user
        start_job(JUDGE, now=clock.now(), user=user, result_url=reverse("admin:offer_past"))
        return redirect("admin:offer_past")
