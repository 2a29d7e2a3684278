"""A score's model card: what it learned from, how good it is, why, and whether it still fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from console.page import Page
from console.people.pictures import columns, reliability
from console.people.scores import may_score, worst
from console.segments.links import builder_with
from core import charts
from core.figures import number, percent
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.distributions import Bin, spread
from profiles.scores.formulas import FEATURES, SOURCES
from profiles.scores.missing import of_shop
from profiles.scores.reasons import NAMES
from profiles.scores.selectors import KINDS, base_rate
from profiles.scores.words import meaning

Kind = CustomerScore.Kind
VERSIONS = 10
REASONS = 10


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature in the catalogue, with what was found of it."""

    name: str
    formula: Any
    unit: Any
    source: str
    newest: datetime | None
    chi2: float | None
    information: float | None
    kept: bool
    psi: float | None
    level: str


class ModelCard(Page):
    """Everything about one score."""

    permission_required = ("profiles.view_scoreversion",)
    template_name = "console/people/score.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the card of the version in use, or what is missing for one. Five queries."""
        kind = self.kwargs["kind"]
        if kind not in KINDS:
            raise Http404
        label = str(Kind(kind).label)
        self.title = label[:1].upper() + label[1:]
        versions = list(ScoreVersion.objects.filter(kind=kind).order_by("-created_at")[:VERSIONS])
        version = ScoreVersion.objects.filter(kind=kind, active=True).first()
        missing = of_shop(kind, version)
        context: dict[str, Any] = {
            "version": version,
            "missing": missing,
            "versions": [(one, _quality(one)) for one in versions],
        }
        if version is not None and missing is None:
            tell = _value if kind == Kind.LIFETIME_VALUE else _probability
            context |= {"window": _window(version), **tell(kind, version)}
        return super().get_context_data(**context, **may_score(self.request), **kwargs)


def _quality(version: ScoreVersion) -> Mapping[str, Any]:
    found: Mapping[str, Any] = version.card.get("compared", {}).get(version.card.get("model"), {})
    return found


def _window(version: ScoreVersion) -> dict[str, Any]:
    """Return the span of time that examples stand for."""
    card = version.card
    days = card.get("window_days")
    return {
        "start": version.as_of - timedelta(days=days) if days else None,
        "end": version.as_of,
        **{name: card.get(name) for name in ("examples", "customers", "outcomes")},
    }


def _probability(kind: str, version: ScoreVersion) -> dict[str, Any]:
    card = version.card
    turned = "mirrors" in card
    people = spread(kind)
    return {
        "quality": _quality(version),
        "usual": base_rate(version),
        "waves": _waves(version),
        "single": {
            **card["single"],
            "name": _called(card["single"]["feature"]),
        },
        "less_single": card["less_single"],
        "compared": sorted(card["compared"].items(), key=lambda pair: -pair[1]["auc"]["mean"]),
        "curve": reliability([_point(row, turned) for row in card["reliability"]]),
        "why": charts.bars(
            _("What it goes by: AUC lost when a feature is shuffled"),
            [(_called(row["feature"]), max(row["auc_lost"], 0.0)) for row in card["importance"][:REASONS]],
            column=_("AUC lost"),
            digits=4,
        ),
        "people": columns(
            _("People by their chance"),
            [(f"{one.low:.0%}", one.people, number(one.people)) for one in people],
            names=(_("from"), _("people")),
        ),
        "thresholds": [(one, _segment(kind, one)) for one in reversed(people) if one.above and one.low],
        "drift": worst(version),
        "features": _features(version),
    }


def _waves(version: ScoreVersion) -> tuple[float, float] | None:
    """Return the lowest and highest share that it came true of in the windows learned from."""
    rates = [row["rate"] for row in version.card.get("base_rates", [])]
    if len(rates) < 2:
        return None
    low, high = min(rates), max(rates)
    return (1 - high, 1 - low) if "mirrors" in version.card else (low, high)


def _called(feature: str) -> str:
    return str(NAMES.get(feature, feature))


def _point(row: Mapping[str, Any], turned: bool) -> tuple[float, float, int]:
    said, came = row["said"], row["came"]
    return (1 - said, 1 - came, row["customers"]) if turned else (said, came, row["customers"])


def _segment(kind: str, step: Bin) -> str:
    rule = {"all": [{"field": f"score.{kind}", "op": "gte", "value": step.low}]}
    return builder_with(rule, f"{meaning(kind)} ≥ {percent(step.low, 0)}")


def _features(version: ScoreVersion) -> list[Feature]:
    """Return every feature that was tried, the most informative first."""
    card = version.card
    drift = {row["feature"]: row for row in version.drift}
    newest = card.get("sources", {})
    found = []
    for row in card["relevance"]:
        name = row["feature"]
        formula, unit, sources = FEATURES.get(name, (card["formulas"].get(name, name), "", ()))
        moments = [newest[source]["newest"] for source in sources if source in newest]
        moved = drift.get(name, {})
        found.append(
            Feature(
                name=_called(name),
                formula=formula,
                unit=unit,
                source=", ".join(str(SOURCES[source]) for source in sources),
                newest=datetime.fromtimestamp(max(moments), UTC) if moments else None,
                chi2=row.get("chi2"),
                information=row.get("information"),
                kept=row["kept"],
                psi=moved.get("psi"),
                level=moved.get("level", ""),
            )
        )
    return found


def _value(kind: str, version: ScoreVersion) -> dict[str, Any]:
    card = version.card
    check = card.get("check") or {}
    return {
        "check": check if "error" in check else None,
        "parameters": [
            *((name, card["frequency"][name]) for name in ("r", "alpha", "a", "b")),
            *((name, card["spend"][name]) for name in ("p", "q", "gamma")),
        ],
        "correlation": card["spend"].get("correlation"),
    }
