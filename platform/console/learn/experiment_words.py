"""What a live test found, in words: the sentence first, then what stands in its way."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.experiments.live.tallies import HELD, WRITTEN
from campaigns.experiments.measures import MEASURES
from campaigns.experiments.statistics.noninferiority import Guard
from campaigns.experiments.statistics.results import Reason
from campaigns.experiments.statistics.verdict import Block, Outcome
from core.figures import MINUS, money_text, number, percent

#: Why a figure cannot be given (campaigns.experiments.statistics.results.Reason), in words.
REASONS = {
    Reason.NO_DATA: gettext_noop("There is no data yet."),
    Reason.ARM_TOO_SMALL: gettext_noop("One of the groups is still too small to compare."),
    Reason.ZERO_VARIANCE: gettext_noop("Everybody did the same, so there is nothing to compare."),
    Reason.CONTROL_WITHOUT_CONVERSIONS: gettext_noop("Nobody in the first group ordered yet."),
    Reason.CONTROL_NOT_POSITIVE: gettext_noop("The first group is at zero: read the difference itself."),
    Reason.TREATMENT_WITHOUT_VARIANCE: gettext_noop("Nobody, or everybody, in the second group did it."),
}
_BLOCKS = {
    Block.SAMPLE_RATIO: gettext_noop("The groups were not split as planned: do not trust this result."),
    Block.GUARDRAIL: gettext_noop("Something that must not get worse is proven to be worse."),
    Block.FEW_CONVERSIONS: gettext_noop("Fewer than 25 people did it: that is too few to decide."),
    Block.WINDOW_OPEN: gettext_noop("The window has not passed yet: late orders may still change this."),
}
_GUARDS = {
    Guard.SAFE.value: ("ok", "check_circle", gettext_noop("safe")),
    Guard.HARMED.value: ("bad", "dangerous", gettext_noop("proven harmed")),
    Guard.UNKNOWN.value: ("", "help", gettext_noop("not yet known")),
}
_OUTCOMES = {
    Outcome.SHIP: gettext_noop("It worked."),
    Outcome.SHIP_WITH_HOLDOUT: gettext_noop("It worked. Keep a hold-out: not all guardrails are known yet."),
    Outcome.STOP_HARM: gettext_noop("It did harm, so it was stopped."),
    Outcome.BLOCKED: gettext_noop("It cannot be decided as it stands."),
    Outcome.NO_DIFFERENCE: gettext_noop("No difference was found. The control stays."),
    Outcome.CONTINUE: gettext_noop("No clear difference yet. The test goes on."),
}
#: How often a difference is seen that is called large enough to be seen.
POWER = 0.8
_Z = NormalDist()
_SEGMENTS = {
    "not lately": gettext_noop("Had not bought lately"),
    "once or twice": gettext_noop("Had bought once or twice"),
    "more often": gettext_noop("Had bought more often"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, in one sentence, with its tone."""

    tone: str
    icon: str
    sentence: str
    detail: str


def name_of(key: str, results: dict[str, Any]) -> str:
    """Return what people call a group."""
    if key == HELD:
        return _("Held out")
    if key == WRITTEN:
        return _("Written to")
    return next((str(v["name"]) for v in results["variants"] if v["key"] == key), key)


def measure_name(key: str) -> str:
    """Return what is measured."""
    return str(MEASURES[key].name) if key in MEASURES else key


def figure(measure: str, value: float | None) -> str:
    """Write a group's figure: a share, money or a number."""
    if value is None:
        return "–"
    known = MEASURES[measure]
    if known.kind == "proportion":
        return percent(value)
    return money_text(value) if known.money else number(value, 3)


def difference(measure: str, value: float | None) -> str:
    """Write a difference with its sign: so many in 1,000 people, money, or a number."""
    if value is None:
        return "–"
    known, sign = MEASURES[measure], "+" if value > 0 else MINUS if value < 0 else "±"
    if known.kind == "proportion":
        return sign + _in_thousand(value)
    return sign + (money_text(abs(value)) if known.money else number(abs(value), 3))


def _in_thousand(value: float) -> str:
    size = abs(value) * 1000
    return number(size, 0 if size >= 10 else 1)


def verdict_of_live(results: dict[str, Any]) -> Verdict:
    """Say what a look at a live test found. Nothing is green before its rule allows it."""
    lead = next((c for c in results["comparisons"] if c["treatment"] == results["lead"]), None)
    outcome = Outcome(results["outcome"])
    primary = lead["primary"] if lead else {}
    if lead is None or "difference" not in primary:
        reason = REASONS.get(primary.get("reason", Reason.NO_DATA), REASONS[Reason.NO_DATA])
        return Verdict("", "hourglass_top", _("There is nothing to say yet."), _(reason))
    ends = primary.get("repeated") or primary.get("always_valid") or primary["interval"]
    detail = _OUTCOMES[outcome]
    notes = [_(detail), *(_(_BLOCKS[Block(block)]) for block in lead.get("blocks", []))]
    tone, icon = {
        Outcome.SHIP: ("ok", "trending_up"),
        Outcome.SHIP_WITH_HOLDOUT: ("ok", "trending_up"),
        Outcome.STOP_HARM: ("bad", "trending_down"),
        Outcome.BLOCKED: ("warn", "block"),
    }.get(outcome, ("", "balance"))
    return Verdict(tone, icon, _sentence(results, lead, primary, ends), " ".join(notes))


def smallest_seen(results: dict[str, Any], alpha: float) -> str:
    """Say which difference would have been seen four times in five; empty where one was, or nothing is known.

    By the width of the interval: (z of alpha + z of the power) standard errors, alpha shared out over the
    arms as the first step of Holm's does.
    """
    lead = next((c for c in results["comparisons"] if c["treatment"] == results["lead"]), None)
    if lead is None or "interval" not in lead["primary"]:
        return ""
    if Outcome(results["outcome"]) not in (Outcome.NO_DIFFERENCE, Outcome.CONTINUE):
        return ""
    low, high = lead["primary"]["interval"]
    error = (high - low) / 2 / _Z.inv_cdf(1 - alpha / 2)
    size = error * (_Z.inv_cdf(1 - alpha / 2 / len(results["comparisons"])) + _Z.inv_cdf(POWER))
    words = {"size": _plain(results["measure"], size)}
    if MEASURES[results["measure"]].kind == "proportion":
        return _("A difference of %(size)s in 1,000 people would be seen four times in five.") % words
    return _("A difference of %(size)s would be seen four times in five.") % words


def _sentence(
    results: dict[str, Any], lead: dict[str, Any], primary: dict[str, Any], ends: list[float]
) -> str:
    measure = results["measure"]
    low, high = ends
    values = {
        "b": name_of(lead["treatment"], results),
        "a": name_of(lead["control"], results),
        "measure": measure_name(measure),
    }
    share = MEASURES[measure].kind == "proportion"
    if low > 0 or high < 0:
        near, far = sorted((abs(low), abs(high)))
        values |= {"low": _plain(measure, near), "high": _plain(measure, far)}
        if share:
            text = (
                _("“%(b)s” brings %(low)s to %(high)s more in 1,000 people than “%(a)s” (%(measure)s).")
                if low > 0
                else _("“%(b)s” brings %(low)s to %(high)s fewer in 1,000 people than “%(a)s” (%(measure)s).")
            )
        else:
            text = (
                _("“%(b)s” brings %(low)s to %(high)s more than “%(a)s” (%(measure)s).")
                if low > 0
                else _("“%(b)s” brings %(low)s to %(high)s less than “%(a)s” (%(measure)s).")
            )
        return text % values
    values |= {"low": _plain(measure, abs(low)), "high": _plain(measure, high)}
    if share:
        return (
            _(
                "Between %(low)s fewer and %(high)s more in 1,000 people with “%(b)s” than with “%(a)s”"
                " (%(measure)s): more is not known."
            )
            % values
        )
    return _("Between %(low)s less and %(high)s more with “%(b)s” than with “%(a)s” (%(measure)s).") % values


def _plain(measure: str, value: float) -> str:
    known = MEASURES[measure]
    if known.kind == "proportion":
        return _in_thousand(value)
    return money_text(value) if known.money else number(value, 3)


def guard_rows(guards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each guardrail with its standing and how much harm is still possible."""
    rows = []
    for guard in guards:
        tone, icon, word = _GUARDS[guard["status"]]
        margin, upper = _harm(guard, guard["margin"]), guard.get("upper")
        rows.append(
            {
                "name": measure_name(guard["measure"]),
                "tone": tone,
                "icon": icon,
                "word": _(word),
                "margin": margin.lstrip("+"),
                "better": upper is not None and upper <= 0,
                "worst": None if upper is None else _harm(guard, upper),
                "reason": _(REASONS[Reason(guard["reason"])]) if "reason" in guard else "",
            }
        )
    return rows


def _harm(guard: dict[str, Any], value: float) -> str:
    """Write a harm: a share of the control's mean, or in the measure's own unit."""
    if guard["relative"]:
        return percent(value)
    if MEASURES[guard["measure"]].kind == "proportion":
        return _("%(n)s in 1,000") % {"n": number(value * 1000, 1)}
    return difference(guard["measure"], value)


def segment_name(name: str) -> str:
    """Return what people of a group had bought before, in words."""
    return _(_SEGMENTS.get(name, name))


def decision_words(decision: dict[str, Any], names: dict[str, str]) -> str:
    """Say how a test ended."""
    winner = names.get(decision["winner"], decision["winner"])
    if decision.get("by") == "person":
        text = _("A person chose “%(winner)s”.") % {"winner": winner}
        return text if decision["supported"] else text + " " + _("The figures did not support this.")
    if decision["outcome"] in (Outcome.SHIP.value, Outcome.SHIP_WITH_HOLDOUT.value):
        return _("The rules chose “%(winner)s”.") % {"winner": winner}
    return _("The rules kept “%(winner)s”: %(why)s") % {
        "winner": winner,
        "why": _(_OUTCOMES[Outcome(decision["outcome"])]),
    }
