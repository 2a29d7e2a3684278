"""An experiment's report: the verdict first, then what it stands on."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from accounts import audit
from accounts.dispatch import start_job
from accounts.models import User
from campaigns.experiments.live.deciding import decide_by_hand, look_and_decide
from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.services import DesignError, archive, pause, resume
from console.learn.experiment_live import live_context
from console.learn.experiment_words import REASONS, Verdict
from console.page import Page
from core import charts, clock
from core.figures import percent, signed
from recommendations.models import TuningDecision

#: People of a test that a page may look at while somebody waits.
_AT_ONCE = 50_000
#: Wilson's 95 % interval needs the normal quantile.
_Z = 1.959964


def wilson(conversions: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate (Wilson 1927)."""
    if not n:
        return 0.0, 1.0
    rate, z2 = conversions / n, _Z * _Z
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * (rate * (1 - rate) / n + z2 / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def verdict_of(results: dict[str, Any]) -> Verdict:
    """Say what a look found. Shares are percentage points; the range is the stored 95 % interval."""
    names = [variant["name"] for variant in results["variants"]]
    control, treatment = names[0], names[-1]
    low, high = results["interval"]
    detail = _("The difference is %(middle)s percentage points; the likely range is %(low)s to %(high)s.") % {
        "middle": _points(results["difference"]),
        "low": _points(low),
        "high": _points(high),
    }
    match results["verdict"]:
        case "better":
            return Verdict(
                "ok",
                "trending_up",
                _("“%(winner)s” is better than “%(other)s”.") % {"winner": treatment, "other": control},
                detail,
            )
        case "worse":
            return Verdict(
                "bad",
                "trending_down",
                _("“%(loser)s” is worse than “%(other)s”.") % {"loser": treatment, "other": control},
                detail,
            )
        case _:
            return Verdict(
                "",
                "balance",
                _("No difference between “%(a)s” and “%(b)s” was found.") % {"a": control, "b": treatment},
                detail,
            )


def _points(share: float) -> str:
    return signed(share * 100, "+.1f")


class ExperimentReport(Page):
    """Verdict, variants with their ranges, the hold-out check and what was decided."""

    permission_required = ("experiments.view_experiment",)
    template_name = "console/experiment.html"

    def get_template_names(self) -> list[str]:
        """Return the page of a live test, or that of a replay."""
        live = Experiment.objects.filter(pk=self.kwargs["pk"], kind=Experiment.Kind.LIVE).exists()
        return ["console/experiment_live.html" if live else "console/experiment.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the newest look."""
        experiment = get_object_or_404(Experiment, pk=self.kwargs["pk"])
        self.title = experiment.name
        look = experiment.snapshots.order_by("-look").first()
        context: dict[str, Any] = {
            "experiment": experiment,
            "campaign": getattr(experiment, "campaign", None),
            "variants": list(experiment.variants.order_by("-is_control", "id")),
            "looks": experiment.snapshots.count(),
            "look": look,
            "is_replay": experiment.kind == Experiment.Kind.REPLAY,
        }
        if experiment.kind == Experiment.Kind.LIVE:
            context |= live_context(experiment, self.request, clock.now())
        elif look is not None:
            context |= _results(look)
        if self.request.user.has_perm("recommendations.view_tuningdecision"):
            context["decisions"] = TuningDecision.objects.filter(
                reference__startswith=f"{experiment.key}#"
            ).order_by("kind")
        return super().get_context_data(**context, **kwargs)


def _results(look: Snapshot) -> dict[str, Any]:
    results = look.results
    rows = [
        {**variant, "low": low, "high": high}
        for variant in results["variants"]
        for low, high in [wilson(variant["conversions"], variant["n"])]
    ]
    check = results.get("holdout_check") or {}
    ranges = [_range(f"{rows[-1]['name']} − {rows[0]['name']}", results["difference"], results["interval"])]
    if "interval" in check:
        ranges.append(
            _range(_("Written to − held out"), check["difference"], check["interval"], tone="muted")
        )
    return {
        "rows": rows,
        "verdict": verdict_of(results),
        "check": check,
        "check_note": _(REASONS.get(check["reason"], check["reason"])) if "reason" in check else "",
        "check_clear": "interval" in check and check["interval"][0] <= 0 <= check["interval"][1],
        "ratio": results.get("sample_ratio"),
        "forest": charts.forest(
            _("Difference with its likely range"),
            ranges,
            columns=(_("Difference"), _("From"), _("To")),
        ),
        "interval_text": f"{percent(results['interval'][0])} … {percent(results['interval'][1])}",
    }


def _range(name: str, middle: float, interval: list[float], tone: str = "primary") -> charts.Range:
    return charts.Range(name, interval[0], middle, interval[1], tone)


class ExperimentAct(PermissionRequiredMixin, View):
    """Pause a test, let it go on, look at it now, decide it, or put it away."""

    permission_required = ("experiments.run_experiment",)
    raise_exception = True
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it and say what came of it."""
        experiment = get_object_or_404(Experiment, pk=pk, kind=Experiment.Kind.LIVE)
        try:
            _act(experiment, verb, request, request.user)  # type: ignore[arg-type]  # staff is signed in
        except DesignError as refused:
            messages.error(request, str(refused))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return redirect("admin:experiment_report", pk=pk)


def _look(experiment: Experiment, request: HttpRequest, user: User, now: datetime) -> None:
    """Look at a small test at once; a large one takes seconds, which a job shows."""
    if experiment.assignments.count() > _AT_ONCE:
        start_job(
            "analyse",
            now=now,
            user=user,
            parameters={"experiment": experiment.key},
            result_url=reverse("admin:experiment_report", args=[experiment.pk]),
        )
        messages.info(request, _("The look is under way; its progress is under Jobs."))
        return
    look = look_and_decide(experiment, now=now, actor=user.get_username())
    messages.info(request, _("Looked at it anew.") if look else _("Nobody met the test yet."))


def _act(experiment: Experiment, verb: str, request: HttpRequest, user: User) -> None:
    now = clock.now()
    if verb == "look":
        _look(experiment, request, user, now)
        return
    if verb == "decide":
        winner, reason = request.POST.get("winner", ""), request.POST.get("reason", "").strip()[:300]
        decided = decide_by_hand(experiment, winner=winner, reason=reason, user=user, now=now)
        supported = bool(decided.decision and decided.decision["supported"])
        messages.success(
            request,
            _("Decided.") if supported else _("Decided. It is noted that the figures do not support it."),
        )
        return
    moves = {"pause": pause, "resume": resume, "archive": archive}
    if verb not in moves:
        raise Http404
    before = experiment.state
    if moves[verb](experiment):
        audit.record(
            action=f"{verb}_experiment", target=experiment, now=now, user=user,
            before={"state": before}, after={"state": str(experiment.state)},
        )  # fmt: skip
