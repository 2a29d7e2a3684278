"""The page itself."""

from typing import Any

from django.core.cache import cache
from django.db.models import Count
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from console.delivery.deliverability import alarm_notices
from console.home.figures import PERIODS, USUAL, Figures, figures
from console.home.health.page import signs, wrong
from console.home.health.signs import worst
from console.home.kpis import kpis, revenue_note
from console.home.steps import first_steps
from console.home.suggestions.selectors import ideas
from console.page import Page
from core import charts, clock
from core.figures import money_text
from delivery.models import Run
from delivery.selectors import breakdown
from profiles.models import CustomerProfile, Persona, RfmClass
from profiles.selectors import bought_anything

#: How many customers each group has is counted at most this often: profiles are built at night.
GROUPS_SECONDS = 300


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
        can, now = self.request.user.has_perm, clock.now()
        health = signs(now)
        context: dict[str, Any] = {
            "index": True,
            "steps": [],
            "may_add_campaign": can("campaigns.add_campaign"),
            "may_draft": can("campaigns.add_campaign") and can("segments.add_segment"),
            "health": health,
            "health_state": worst(health),
            "health_wrong": wrong(health),
        }
        if can("events.view_event") and can("customers.view_customer"):
            context |= self._shop()
        if can("profiles.view_customerprofile"):
            counts = cache.get_or_set("console:home:groups", _group_counts, GROUPS_SECONDS)
            context["groups"] = _groups(counts)
            context["personas"] = list(Persona.objects.order_by("-size"))
        if can("segments.view_segment") and can("campaigns.view_campaign"):
            steps = first_steps(self.request.user)
            done = sum(step.done for step in steps)
            context |= {
                "alarms": alarm_notices(),
                "steps": [] if done == len(steps) else steps,
                "steps_done": done,
                "steps_percent": 100 * done // len(steps),
                "ideas": ideas(self.request.user, now=now),
                "campaigns": _campaigns(),
            }
        return super().get_context_data(**context, **kwargs)

    def _shop(self) -> dict[str, Any]:
        length = self._length()
        found = figures(clock.knowledge_now(), length)
        if found.empty:
            return {"nothing_yet": True, "counting": bought_anything()}
        return {
            "length": length,
            "periods": PERIODS,
            "period": _("%(first)s – %(last)s, compared with the %(days)d days before")
            % {
                "first": date_format(found.first, "DATE_FORMAT"),
                "last": date_format(found.last, "DATE_FORMAT"),
                "days": length,
            },
            "kpis": kpis(found),
            "revenue_chart": _revenue(found),
            "revenue_note": revenue_note(found),
        }

    def _length(self) -> int:
        """Return the length asked for, which is remembered for the next visit."""
        asked = self.request.GET.get("days", "")
        if asked in map(str, PERIODS):
            self.request.session["home_days"] = int(asked)
        length = self.request.session.get("home_days", USUAL)
        return length if length in PERIODS else USUAL


def _revenue(found: Figures) -> charts.Chart:
    days = found.current.days
    series = [charts.Series(_("All revenue"), [day.revenue for day in days], tone="muted")]
    if found.current.total.campaign_revenue:
        series.append(charts.Series(_("From campaigns"), [day.campaign_revenue for day in days]))
    return charts.area(
        _("Revenue per day"),
        [day.day for day in days],
        series,
        unit=money_text(0, whole=True).rstrip("0").strip(),
    )


def _group_counts() -> dict[str, int]:
    rows = CustomerProfile.objects.exclude(rfm_class="").order_by().values_list("rfm_class")
    return dict(rows.annotate(n=Count("pk")))


def _groups(counts: dict[str, int]) -> charts.Chart | None:
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
