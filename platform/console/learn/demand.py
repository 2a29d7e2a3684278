"""Demand and stock: what sells out soon, what lies too long, and lists that follow it by one click."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from catalog.models import Product
from console.page import Page
from core import clock
from recommendations.demand import selectors
from recommendations.demand.acts import follow_stock, rule_for
from recommendations.dispatch import going_on, start
from recommendations.models import DemandRun, ListRule, Supply

ROWS = 50
JOB = "forecast-demand"


class Demand(Page):
    """Forecasts of the next four weeks beside the stock."""

    permission_required = ("recommendations.view_demandforecast",)
    template_name = "console/recommendations/demand.html"
    title = gettext_lazy("Demand & stock")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return counts, the quality of the last forecast and one page of products. Seven queries."""
        asked = self.request.GET
        runs = selectors.runs(1)
        counts = selectors.counts()
        supply = asked.get("supply", Supply.LOW.value if counts.stocked else "all")
        supply = supply if supply in (*Supply.values, "all") else "all"
        kept = "" if supply == "all" else supply
        words = asked.get("q", "")[:100]
        number = asked.get("page", "1")
        # How many a search finds is not counted: one row more says whether there is another page.
        pages = Paginator(range(counts.of(kept)), ROWS)
        page = pages.get_page(number if number.isdecimal() and number.isascii() else 1)
        lines = selectors.lines(kept, limit=ROWS + 1, offset=(page.number - 1) * ROWS, words=words)
        rules = {
            rule.supply: rule
            for rule in ListRule.objects.filter(active=True, product=None, category=None, brand="").exclude(
                supply=""
            )
        }
        now = clock.now()
        return super().get_context_data(
            run=runs[0] if runs else None,
            stale=bool(runs) and clock.known_until(now) - runs[0].as_of > selectors.FRESH,
            quality=_quality(runs[0]) if runs else None,
            counts=counts,
            supply=supply,
            words=words,
            lines=lines[:ROWS],
            page=page.number,
            more=len(lines) > ROWS,
            follows=rules.get(kept),
            tabs=_tabs(counts),
            low_days=settings.DEMAND_LOW_DAYS,
            over_days=settings.DEMAND_OVER_DAYS,
            working=going_on(JOB),
            may_change=self.request.user.has_perm("recommendations.add_listrule"),
            may_forecast=self.request.user.has_perm("recommendations.change_strategy"),
            **kwargs,
        )


def _tabs(counts: selectors.Counts) -> list[tuple[str, Any, int]]:
    return [
        (Supply.LOW.value, _("Low on stock"), counts.low),
        (Supply.OVER.value, _("Overstocked"), counts.over),
        ("all", _("All forecasts"), counts.forecast),
    ]


def _quality(run: DemandRun) -> dict[str, Any] | None:
    """Return the figures of a run with the change against repeating the same weeks, and its range."""
    figures = run.quality
    if not figures:
        return None
    low, high = figures["interval"]
    return {
        **figures,
        "better": figures["ratio"] <= 1,
        "change": abs(1 - figures["ratio"]),
        "ends": sorted((abs(1 - low), abs(1 - high))) if (low - 1) * (high - 1) > 0 else None,
    }


class ForecastNow(PermissionRequiredMixin, View):
    """Forecast now instead of tonight."""

    permission_required = ("recommendations.change_strategy",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the job, or show the one that goes on."""
        user: Any = request.user
        url = reverse("admin:demand")
        job = start(JOB, now=clock.now(), user=user, result_url=url)
        return redirect("admin:job", pk=job.pk) if user.has_perm("accounts.view_job") else redirect(url)


class Follow(PermissionRequiredMixin, View):
    """Let all lists leave out what is low on stock, or raise what is overstocked."""

    permission_required = ("recommendations.add_listrule",)
    raise_exception = True

    def post(self, request: HttpRequest, supply: str) -> HttpResponse:
        """Make the rule hold, and say so."""
        if supply not in Supply.values:
            raise Http404
        user: Any = request.user
        rule = follow_stock(supply, user=user, now=clock.now())
        messages.success(
            request,
            _("“%(rule)s” holds from now on. It stands among the rules and can be switched off there.")
            % {"rule": rule.name},
        )
        return redirect(f"{reverse('admin:demand')}?supply={supply}")


class OneRule(PermissionRequiredMixin, View):
    """Leave one product out of all lists, or raise it."""

    permission_required = ("recommendations.add_listrule",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Make the rule hold, and go back to where it was asked for."""
        if kind not in (ListRule.Kind.EXCLUDE, ListRule.Kind.BOOST):
            raise Http404
        user: Any = request.user
        product = get_object_or_404(Product, pk=pk)
        rule_for(product, kind, user=user, now=clock.now())
        said = {
            ListRule.Kind.EXCLUDE.value: _("%(product)s is left out of all lists from now on."),
            ListRule.Kind.BOOST.value: _("%(product)s rises in all lists from now on."),
        }[kind]
        messages.success(request, said % {"product": product.name})
        back = request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts=None) or not back.startswith("/"):
            back = reverse("admin:recommendation_rules")
        return redirect(back)
