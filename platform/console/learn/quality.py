"""How good lists are: strategies compared as they serve now, and everything over time."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from console.learn.experiment import wilson
from console.learn.recommendation_charts import Point, Spot, lines, scatter
from console.page import Page
from core import charts, clock
from core.figures import percent
from recommendations.dispatch import going_on, start
from recommendations.measured import measured
from recommendations.models import Champion, ModelVersion, Objective, StrategyWeek
from recommendations.quality import selectors
from recommendations.state import serving_versions

JOB = "review-lists"
TITLES = {
    Objective.REPLENISH: gettext_lazy("What people buy next"),
    Objective.DISCOVER: gettext_lazy("What they had never bought before"),
}


class Quality(Page):
    """Offline figures by training, and what people did by week."""

    permission_required = ("recommendations.view_strategyweek",)
    template_name = "console/recommendations/quality.html"
    title = gettext_lazy("Quality over time")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the plots and the weeks. Five queries."""
        versions = selectors.measured_trainings()
        weeks = [_week(row) for row in selectors.weeks()]
        return super().get_context_data(
            trainings=[chart for objective in Objective for chart in _by_training(versions, objective)],
            measured=len(versions),
            weeks=weeks,
            online=_by_week(weeks),
            working=going_on(JOB),
            looked=StrategyWeek.objects.aggregate(last=Max("week"))["last"],
            may_change=self.request.user.has_perm("recommendations.change_strategy"),
            **kwargs,
        )


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of answers with its 95 % range."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Week:
    """A week of a strategy in shares; clicks and purchases only of those who are known."""

    row: StrategyWeek
    clicked: Rate | None
    bought: Rate | None
    fallback: float


def _week(row: StrategyWeek) -> Week:
    return Week(
        row,
        _rate(row.clicked, row.followed),
        _rate(row.bought, row.followed),
        row.fallback / row.places if row.places else 0.0,
    )


def _rate(count: int, of: int) -> Rate | None:
    return Rate(count / of, *wilson(count, of)) if of else None


def _by_training(versions: list[ModelVersion], objective: Objective) -> list[charts.Chart]:
    """Draw NDCG@10 with its range and the coverage, training by training."""
    ranked, covered = [], []
    for version in versions:
        figures = version.metrics["objectives"].get(objective)
        if not figures:
            continue
        name = _(version.strategy.name)
        ranked.append(Point(name, version.as_of, figures["ndcg10"], *figures["interval"]))
        covered.append(Point(name, version.as_of, figures["coverage10"]))
    what = str(TITLES[objective])
    drawn = (
        lines(
            _("%(what)s: NDCG@10 by training") % {"what": what}, ranked, text=lambda v: f"{v:.4f}", form=".3f"
        ),
        lines(_("%(what)s: coverage by training") % {"what": what}, covered, text=percent, form=".0%"),
    )
    return [chart for chart in drawn if chart]


def _by_week(weeks: list[Week]) -> list[charts.Chart]:
    """Draw what people did and how answers were spread, week by week."""
    old_first = list(reversed(weeks))
    clicks = [_point(week, week.clicked) for week in old_first if week.clicked]
    sales = [_point(week, week.bought) for week in old_first if week.bought]
    fallback = [Point(_(w.row.strategy.name), w.row.week, w.fallback) for w in old_first]
    spread = [Point(_(w.row.strategy.name), w.row.week, w.row.gini) for w in old_first]
    drawn = (
        lines(_("Answers of which something was looked at within a day"), clicks, text=percent, form=".1%"),
        lines(_("Answers of which something was bought within a week"), sales, text=percent, form=".1%"),
        lines(_("Places filled by the fallback"), fallback, text=percent, form=".1%"),
        lines(
            _("Concentration: 0 shows all alike, 1 shows one product alone"),
            spread,
            text=lambda v: f"{v:.2f}",
            form=".2f",
        ),
    )
    return [chart for chart in drawn if chart]


def _point(week: Week, rate: Rate) -> Point:
    return Point(_(week.row.strategy.name), week.row.week, rate.share, rate.low, rate.high)


class Compared(Page):
    """All strategies that serve, by both objectives, with what is proven between them."""

    permission_required = ("recommendations.view_modelversion",)
    template_name = "console/recommendations/compared.html"
    title = gettext_lazy("Strategies compared")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return table and plots of each objective. Five queries."""
        versions = serving_versions()
        figures = measured(versions)
        serving = set(Champion.objects.values_list("use", "strategy__key"))
        return super().get_context_data(
            boards=[
                board
                for objective in Objective
                if (board := _board(objective, list(figures.values()), serving))
            ],
            **kwargs,
        )


def _board(
    objective: Objective, versions: list[ModelVersion], serving: set[tuple[str, str]]
) -> dict[str, Any] | None:
    rows = []
    for version in versions:
        figures = version.metrics.get("objectives", {}).get(objective)
        if not figures:
            continue
        key = version.strategy.key
        rows.append(
            {
                "version": version,
                "name": _(version.strategy.name),
                "figures": figures,
                "serves": any(k == key and use.endswith(f":{objective}") for use, k in serving),
            }
        )
    if not rows:
        return None
    rows.sort(key=lambda row: -row["figures"]["ndcg10"])
    names = {row["version"].strategy.key: row["name"] for row in rows}
    base = next((row for row in rows if row["serves"]), rows[0])
    ranges = _against(base["version"], objective, names)
    title = str(TITLES[objective])
    return {
        "title": title,
        "rows": rows,
        "base": base["name"],
        "scatter": scatter(
            _("%(what)s: quality against coverage") % {"what": title},
            [
                Spot(row["name"], row["figures"]["coverage10"], row["figures"]["ndcg10"], row["serves"])
                for row in rows
            ],
        ),
        "forest": charts.forest(
            _("%(what)s: NDCG@10 against %(base)s, the same people") % {"what": title, "base": base["name"]},
            ranges,
            columns=(_("Difference"), _("From"), _("To")),
            form="+.3f",
        )
        if ranges
        else None,
    }


def _against(base: ModelVersion, objective: Objective, names: dict[str, str]) -> list[charts.Range]:
    """Return each other strategy's paired difference to the one that serves, of the same training."""
    found = []
    for line in base.metrics.get("comparisons", []):
        own = base.strategy.key
        if line["objective"] != objective or own not in (line["a"], line["b"]):
            continue
        other = line["b"] if line["a"] == own else line["a"]
        if other not in names:
            continue
        sign = -1 if line["a"] == own else 1
        low, high = sorted(sign * end for end in line["interval"])
        tone = "good" if low > 0 else "bad" if high < 0 else "muted"
        found.append(charts.Range(names[other], low, sign * line["difference"], high, tone))
    return sorted(found, key=lambda one: -one.middle)


class ReviewNow(PermissionRequiredMixin, View):
    """Look back now instead of tonight."""

    permission_required = ("recommendations.change_strategy",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the job, or show the one that goes on."""
        user: Any = request.user
        url = reverse("admin:recommendation_quality")
        job = start(JOB, now=clock.now(), user=user, result_url=url)
        return redirect("admin:job", pk=job.pk) if user.has_perm("accounts.view_job") else redirect(url)
