"""Tuning decisions in words."""

from django.utils.translation import gettext as _

from core.templatetags.studio import percent
from recommendations.models import Objective, Strategy, TuningDecision


def use_name(use: str) -> str:
    """Return what a use is for in words: `email:replenish` is “e-mail, products they buy again”."""
    place, _colon, objective = use.partition(":")
    places = {"email": _("E-mail"), "blend": _("Blend")}
    objectives = {
        Objective.REPLENISH.value: _("products they buy again"),
        Objective.DISCOVER.value: _("products new to them"),
    }
    return f"{places.get(place, place)} · {objectives.get(objective, objective)}"


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
    """Say what a decision changed, in one line."""
    use = use_name(decision.use)
    if not decision.changed:
        return _("%(use)s: nothing changes") % {"use": use}
    if decision.kind == TuningDecision.Kind.STRATEGY:
        names = dict(
            Strategy.objects.filter(
                key__in=[decision.before["strategy"], decision.after["strategy"]]
            ).values_list("key", "name")
        )
        before, after = (
            _(names.get(side["strategy"], side["strategy"])) for side in (decision.before, decision.after)
        )
        return _("%(use)s: %(after)s serves instead of %(before)s") % {
            "use": use,
            "after": after,
            "before": before,
        }
    return _("%(use)s: the mix moves towards the winner") % {"use": use}


def note(decision: TuningDecision) -> str:
    """Say on which evidence."""
    evidence = decision.evidence
    text = {
        TuningDecision.Verdict.BETTER: _("the tested one was better"),
        TuningDecision.Verdict.WORSE: _("the tested one was worse"),
        TuningDecision.Verdict.NO_DIFFERENCE: _("no difference was found"),
    }[TuningDecision.Verdict(decision.verdict)]
    interval = evidence.get("interval")
    if interval:
        text += f" ({percent(interval[0])} … {percent(interval[1])})"
    if evidence.get("kind") == "replay":
        text += " · " + _("offline, replay")
    return text
