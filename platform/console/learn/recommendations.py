"""Which recommenders there are, how good they are, who serves, and what the measurements changed."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from campaigns.experiments.models import Experiment
from catalog.models import Product
from console.learn.serving import BUDGETS
from console.page import Page
from core import charts, clock
from profiles.selectors import bought_anything
from recommendations.dispatch import going_on
from recommendations.measured import measured
from recommendations.models import (
    Champion,
    ModelVersion,
    Objective,
    Posterior,
    Serving,
    TuningDecision,
)
from recommendations.services.decisions import fallback_shares
from recommendations.services.tuning import roll_back
from recommendations.state import serving_versions

DECISIONS = 20
WAITING = 5


class Recommendations(Page):
    """Strategies compared, champions, and the decisions with their evidence."""

    permission_required = ("recommendations.view_strategy",)
    template_name = "console/recommendations.html"
    title = gettext_lazy("Recommendations")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the version of each strategy that serves with its figures, and what waits."""
        versions = serving_versions()
        figures = measured(versions)
        turns = {turn.version_id: turn for turn in Serving.objects.filter(until=None).select_related("user")}
        before = set(Serving.objects.exclude(until=None).values_list("strategy_id", flat=True).distinct())
        champions = list(Champion.objects.select_related("strategy", "decision"))
        serving = {champion.strategy_id for champion in champions}
        rows = [
            {
                **_row(version, figures[version.pk], version.strategy_id in serving),
                "turn": turns.get(version.pk),
                "back": version.strategy_id in before,
            }
            for version in versions
        ]
        rows.sort(key=lambda row: -(row["replenish"].get("ndcg10") or 0))
        decisions = list(
            TuningDecision.objects.select_related("decided_by", "reverted_by").order_by("-created_at")[
                :DECISIONS
            ]
        )
        experiments = experiments_of(decisions)
        return super().get_context_data(
            rows=rows,
            ndcg_charts=[chart for chart in (_chart(rows, o) for o in Objective) if chart],
            champions=champions,
            decisions=[(d, experiments.get(d.reference.partition("#")[0])) for d in decisions],
            blends=[_blend(p) for p in Posterior.objects.filter(subject__startswith="blend:")],
            waiting=list(
                ModelVersion.objects.filter(stage=ModelVersion.Stage.CANDIDATE)
                .select_related("strategy")
                .order_by("-created_at")[:WAITING]
            ),
            orders=bool(rows) or bought_anything(),
            products=bool(rows) or Product.objects.filter(is_stub=False).exists(),
            working=going_on("train", "recommendation-lists", "search-strategy"),
            shares=fallback_shares(since=clock.now() - timedelta(days=7)),
            objectives=Objective.choices,
            budgets=[(seconds, seconds // 60) for seconds in BUDGETS],
            may_change=self.request.user.has_perm("recommendations.change_strategy"),
            may_roll_back=self.request.user.has_perm("recommendations.change_tuningdecision"),
            **kwargs,
        )


def _row(version: ModelVersion, trained: ModelVersion, serves: bool) -> dict[str, Any]:
    figures = trained.metrics.get("objectives", {})
    return {
        "version": version,
        "trained": trained,
        "name": _(version.strategy.name),
        "serves": serves,
        "replenish": figures.get(Objective.REPLENISH, {}),
        "discover": figures.get(Objective.DISCOVER, {}),
    }


def _chart(rows: list[dict[str, Any]], objective: Objective) -> charts.Chart | None:
    items = [(r["name"], r[objective.value]["ndcg10"]) for r in rows if r[objective.value].get("ndcg10")]
    if not items:
        return None
    items.sort(key=lambda item: -item[1])
    title = {
        Objective.REPLENISH: _("How well each list ranks what people buy next (NDCG@10)"),
        Objective.DISCOVER: _("… and what they had never bought before (NDCG@10)"),
    }[objective]
    return charts.bars(title, items, column="NDCG@10", digits=3)


def _blend(posterior: Posterior) -> dict[str, Any]:
    alpha = posterior.parameters.get("alpha", {})
    strength = sum(alpha.values())
    return {
        "objective": Objective(posterior.subject.partition(":")[2]).label,
        "parts": sorted(((k, v / strength) for k, v in alpha.items()), key=lambda p: -p[1])
        if strength
        else [],
        "strength": strength,
    }


def experiments_of(decisions: list[TuningDecision]) -> dict[str, Experiment]:
    """Return by key the experiments that decisions rest on. One query."""
    keys = {decision.reference.partition("#")[0] for decision in decisions}
    return {e.key: e for e in Experiment.objects.filter(key__in=keys)}


class RollBack(PermissionRequiredMixin, View):
    """Put back what stood before a decision."""

    permission_required = ("recommendations.change_tuningdecision",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Roll back once, or say why not."""
        decision = get_object_or_404(TuningDecision, pk=pk)
        try:
            roll_back(decision, user=request.user, now=clock.now())
        except ValueError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Rolled back. What stood before serves again."))
        return redirect(back_to(request, "admin:recommendations"))


def back_to(request: HttpRequest, default: str) -> str:
    """Return the page of ours that a form came from, or another one."""
    there = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(there, allowed_hosts=None):
        return there
    return reverse(default)
