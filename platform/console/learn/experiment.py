"""An experiment's report: the verdict first, then what it stands on."""

from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.statistics.results import Reason
from console.page import Page
from core import charts
from core.templatetags.studio import percent
from recommendations.models import TuningDecision

#: Wilson's 95 % interval needs the normal quantile.
_Z = 1.959964

#: Why a figure cannot be given (campaigns.experiments.statistics.results.Reason), in words.
_REASONS = {
    Reason.NO_DATA: gettext_noop("There is no data yet."),
    Reason.ARM_TOO_SMALL: gettext_noop("One of the groups is still too small to compare."),
    Reason.ZERO_VARIANCE: gettext_noop("Everybody did the same, so there is nothing to compare."),
    Reason.CONTROL_WITHOUT_CONVERSIONS: gettext_noop("Nobody in the first group ordered yet."),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, in one sentence, with its tone."""

    tone: str
    icon: str
    sentence: str
    detail: str


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
    return f"{share * 100:+.1f}"


class ExperimentReport(Page):
    """Verdict, variants with their ranges, the hold-out check and what was decided."""

    permission_required = ("experiments.view_experiment",)
    template_name = "console/experiment.html"

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
        if look is not None:
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
        "check_note": _(_REASONS.get(check["reason"], check["reason"])) if "reason" in check else "",
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
