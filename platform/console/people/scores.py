"""The scores there are: how good each is, over whom it is spread, and what unknown ones lack."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from console.page import Page
from core import clock
from core.figures import money_text
from profiles.dispatch import scoring, start_scoring
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.distributions import deciles, spread
from profiles.scores.missing import Missing, of_shop
from profiles.scores.selectors import KINDS, active_versions

Kind = CustomerScore.Kind
#: A feature carries a score from this share of the most important one's weight on.
CARRIES = 0.1


@dataclass(frozen=True, slots=True)
class Tile:
    """One score on the overview."""

    kind: str
    label: Any
    version: ScoreVersion | None
    missing: Missing | None
    bars: list[float]
    drift: str
    total: str = ""

    @property
    def quality(self) -> dict[str, Any]:
        """Return AUC, Brier and calibration error on the newest window."""
        card = self.version.card if self.version else {}
        found: dict[str, Any] = card.get("compared", {}).get(card.get("model"), {})
        return found


class Scores(Page):
    """All scores at a glance."""

    permission_required = ("profiles.view_scoreversion",)
    template_name = "console/people/scores.html"
    title = _("Scores")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return a tile for each score. Up to seven queries."""
        versions = active_versions()
        return super().get_context_data(
            tiles=[_tile(kind, versions.get(kind)) for kind in KINDS],
            newest=max((version.created_at for version in versions.values()), default=None),
            **may_score(self.request),
            **kwargs,
        )


def may_score(request: HttpRequest) -> dict[str, Any]:
    """Return whether the reader may start a scoring, and the one that goes on."""
    return {
        "may_score": request.user.has_perm("profiles.add_scoreversion"),
        "going_on": scoring(clock.now()),
    }


def _tile(kind: str, version: ScoreVersion | None) -> Tile:
    label, missing = Kind(kind).label, of_shop(kind, version)
    if missing or version is None:
        return Tile(kind, label, version, missing, [], "")
    if kind == Kind.LIFETIME_VALUE:
        tenths = deciles()
        bars, total = [tenth.sum for tenth in tenths], sum(tenth.sum for tenth in tenths)
        return Tile(kind, label, version, None, _heights(bars), "", money_text(total, whole=True))
    return Tile(kind, label, version, None, _heights([b.people for b in spread(kind)]), worst(version))


def worst(version: ScoreVersion) -> str:
    """Return the worst drift among the features that carry the score: stable, watch or drifted.

    Those are the features whose shuffling costs at least a tenth of what the most important one's does: a
    change in what hardly counts is no reason for alarm.
    """
    lost = {row["feature"]: row["auc_lost"] for row in version.card["importance"]}
    carries = max(lost.values(), default=0.0) * CARRIES
    levels = {row["level"] for row in version.drift if lost.get(row["feature"], 0.0) >= carries}
    return next((level for level in ("drifted", "watch") if level in levels), "stable")


def _heights(figures: list[Any]) -> list[float]:
    most = max(figures, default=0) or 1
    return [max(0.0, float(figure) / float(most)) for figure in figures]


class ScoreNow(PermissionRequiredMixin, View):
    """Train and give the scores now, as a job to watch."""

    permission_required = ("profiles.add_scoreversion",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start it, unless it goes on already; show its progress to those who may see jobs."""
        user: Any = request.user
        job = start_scoring(now=clock.now(), user=user)
        if user.has_perm("accounts.view_job"):
            return redirect("admin:job", pk=job.pk)
        return redirect("admin:scores")
