"""Tuning decisions in words."""

from django.utils.translation import gettext as _

from core.figures import percent
from recommendations.models import TuningDecision
from recommendations.services.tuning import kinds, use_name
from recommendations.services.tuning.shrinking import ENOUGH


def part_name(part: str) -> str:
    """Return a part of the blend in words."""
    names = {
        "own-frequency": _("What they buy again and again"),
        "own-recent": _("What they bought lately"),
        "own-lasting": _("Their regulars over the year"),
        "user-knn": _("What similar customers buy"),
        "item-knn": _("What goes with their products"),
        "content": _("Similar products"),
        "als": _("Hidden tastes (ALS)"),
        "popularity": _("Best-sellers"),
        "recent-popularity": _("Best-sellers of late"),
    }
    return names.get(part, part)


def source_name(source: str) -> str:
    """Return in words what filled places of lists."""
    names = {
        "model": _("The list that was ready"),
        "folded": _("The model, with what was bought since"),
        "session": _("What was looked at today"),
        "popular": _("What sells in general (fallback)"),
        "rule": _("Pinned by a rule"),
    }
    return names.get(source, source)


def gate_name(gate: str) -> str:
    """Return in words what is asked of a model before it may serve."""
    names = {
        "artefact": _("What is stored is what was trained"),
        "ranking": _("It ranks no worse than the one that serves"),
        "coverage": _("Its lists hold enough of the catalogue"),
        "lists": _("The lists are ready for everybody"),
    }
    return names.get(gate, gate)


def title(decision: TuningDecision) -> str:
    """Say what a decision changes, in one line. Asks no database."""
    if decision.before == decision.after:
        return _("%(use)s: nothing changes") % {"use": use_name(decision.use)}
    if decision.kind not in kinds:
        return f"{decision.kind}: {decision.use}"
    return kinds.get(decision.kind).describe(decision)


def note(decision: TuningDecision) -> str:
    """Say on which evidence."""
    evidence = decision.evidence
    verdicts = {
        TuningDecision.Verdict.BETTER.value: _("the tested one was better"),
        TuningDecision.Verdict.WORSE.value: _("the tested one was worse"),
        TuningDecision.Verdict.NO_DIFFERENCE.value: _("no difference was found"),
    }
    ways = {
        "replay": _("offline, replay"),
        "posterior": _("what waves of campaigns showed"),
        "search": _("offline, a search"),
        "history": _("what happened so far"),
        "person": _("a person's choice"),
        "guardrail": _("a guardrail failed"),
    }
    text = verdicts.get(decision.verdict, "")
    interval = evidence.get("interval")
    if interval:
        text += f" ({percent(interval[0])} … {percent(interval[1])})"
    if decision.verdict == TuningDecision.Verdict.NO_DIFFERENCE and evidence.get("kind") == "person":
        text = ""
    return " · ".join(part for part in (text.strip(), ways.get(evidence.get("kind", ""), "")) if part)


def forecast(decision: TuningDecision) -> str:
    """Say what is expected of it: less than measured, as what looks best looks better than it is."""
    expected = decision.expected
    if not expected:
        return ""
    values = {
        "lift": percent(expected["lift"]),
        "shrunk": percent(expected["shrunk"]),
        "past": expected["past"],
    }
    if expected["past"] < ENOUGH:
        return _("Found %(lift)s, expect %(shrunk)s: what looks best looks better than it is.") % values
    return _("Found %(lift)s, expect %(shrunk)s, by what %(past)s such changes brought.") % values
