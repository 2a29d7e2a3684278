"""The page itself."""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.coupons.warnings import open_warnings
from campaigns.models import Campaign
from console.delivery.deliverability import alarm_notices
from console.home.advice import first_steps, suggestions
from console.home.figures import DAYS, Figures, change, figures
from console.home.health import signs
from console.page import Page
from core import charts, clock
from core.templatetags.studio import money_text, number
from delivery.models import Run
from delivery.selectors import breakdown
from profiles.models import CustomerProfile, Persona, RfmClass

#: Sixty days of orders are added up at most this often.
FIGURES_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure against the period before, with its course."""

    title: str
    value: str
    change: float | None
    spark: str


class Home(Page):
    """How the shop does, what to do next, whether the machine is well."""

    template_name = "console/home.html"

    def has_permission(self) -> bool:
        """Let every member of staff in; the parts ask for their own rights."""
        return True

    def get_title(self) -> str:
        """Return the page's name."""
        return _("Home")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the parts that this person may see."""
        can = self.request.user.has_perm
        context = {
            "index": True,
            "steps": [],
            "may_add_campaign": can("campaigns.add_campaign"),
            "health": signs(clock.now()),
        }
        if can("events.view_event") and can("customers.view_customer"):
            context |= self._shop()
        if can("profiles.view_customerprofile"):
            context["groups"] = _groups()
            context["personas"] = list(Persona.objects.order_by("-size"))
        if can("coupons.view_couponpool"):
            context["pool_warnings"] = open_warnings()
        if can("segments.view_segment") and can("campaigns.view_campaign"):
            steps = first_steps()
            done = sum(step.done for step in steps)
            context |= {
                "alarms": alarm_notices(),
                "steps": steps,
                "steps_done": done,
                "steps_percent": 100 * done // len(steps),
                "suggestions": suggestions(),
                "campaigns": _campaigns(),
            }
        return super().get_context_data(**context, **kwargs)

    def _shop(self) -> dict[str, Any]:
        end = clock.knowledge_now()
        # The key holds the hour: a moving present must not make a new key for every page.
        key = f"console:home:{end:%Y%m%d%H}"
        found = cache.get_or_set(key, lambda: figures(end), FIGURES_SECONDS)
        if not found.current.orders and not found.before.orders:
            return {"nothing_yet": True}
        return {
            "period": _("%(days)d days to %(date)s, compared with the %(days)d days before")
            % {"days": DAYS, "date": date_format(end, "DATE_FORMAT")},
            "kpis": _kpis(found),
            "revenue_chart": charts.area(
                _("Revenue per day"),
                [day.day for day in found.days],
                [charts.Series(_("Revenue"), [day.revenue for day in found.days])],
                unit=money_text(0, whole=True).rstrip("0").strip(),
            ),
        }


def _kpis(found: Figures) -> list[Kpi]:
    now, before = found.current, found.before
    per_order = now.revenue / now.orders if now.orders else None
    per_order_before = before.revenue / before.orders if before.orders else 0
    return [
        Kpi(
            _("Revenue"),
            money_text(now.revenue, whole=True),
            change(now.revenue, before.revenue),
            charts.spark([day.revenue for day in found.days]),
        ),
        Kpi(
            _("Orders"),
            number(now.orders),
            change(now.orders, before.orders),
            charts.spark([day.orders for day in found.days]),
        ),
        Kpi(
            _("Customers who bought"),
            number(now.customers),
            change(now.customers, before.customers),
            charts.spark([day.customers for day in found.days]),
        ),
        Kpi(
            _("Average order"),
            money_text(per_order),
            change(per_order or 0, per_order_before),
            charts.spark([day.revenue / day.orders if day.orders else 0 for day in found.days]),
        ),
        Kpi(
            _("Messages sent"),
            number(now.sent),
            change(now.sent, before.sent),
            "",
        ),
    ]


def _groups() -> charts.Chart | None:
    counts = dict(
        CustomerProfile.objects.exclude(rfm_class="")
        .order_by()
        .values_list("rfm_class")
        .annotate(n=Count("pk"))
    )
    if not counts:
        return None
    items = [(capfirst(group.label), counts.get(group.value, 0)) for group in RfmClass]
    return charts.bars(_("Customer groups"), items, column=_("Customers"))


def _campaigns() -> list[dict[str, Any]]:
    campaigns = list(Campaign.objects.select_related("segment").order_by("-created_at")[:5])
    runs = {
        run.reference: run
        for run in Run.objects.filter(source="campaign", reference__in=[str(c.pk) for c in campaigns])
    }
    parts = breakdown([run.pk for run in runs.values()])
    return [
        {"campaign": c, "parts": parts.get(runs[str(c.pk)].pk) if str(c.pk) in runs else None}
        for c in campaigns
    ]
