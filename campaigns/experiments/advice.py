"""What a test could see, before it is launched: people an arm, and the smallest effect that would show."""

from dataclasses import dataclass
from math import floor

from django.utils.translation import gettext as _

from campaigns.experiments.base_rates import BaseRate, Origin, base_rate
from campaigns.experiments.measures import MEASURES
from campaigns.experiments.statistics.means import MIN_ARM
from campaigns.experiments.statistics.power import minimum_effect, minimum_effect_mean
from core.figures import number, percent

__all__ = ["Advice", "BaseRate", "Origin", "advise", "base_rate"]

#: A test that cannot even see a change by this share is mostly of use to see what the whole campaign brings.
TOO_COARSE = 0.5


@dataclass(frozen=True, slots=True)
class Advice:
    """What to expect of a test.

    `points` is the smallest difference between two arms that would be seen four times in five, in the
    metric's unit (a share of people, money), `relative` the same as a share of what people do anyway;
    `holdout_points` and `holdout_relative` are that of everybody written to against those held out. None
    where an arm would be too small to compare at all. `enough` says that the test is worth making.
    """

    per_arm: int
    held_out: int
    waiting: int
    points: float | None
    relative: float | None
    holdout_points: float | None
    holdout_relative: float | None
    enough: bool
    sentence: str
    base: BaseRate


def advise(
    *,
    people: int,
    arms: int,
    holdout_share: float,
    test_share: float | None,
    metric: str,
    base: BaseRate,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Advice:
    """Say how many people each arm would have and what they could tell. Computes; asks no database.

    Several arms share the error rate (Bonferroni's bound, a little stricter than the Holm that judges).
    Power 80 %; Fleiss, Levin & Paik 2003 for shares, the normal approximation for means.
    """
    tested = people * (1.0 if test_share is None else test_share)
    held_out, treated = round(tested * holdout_share), tested * (1 - holdout_share)
    per_arm = floor(treated / max(arms, 1))
    split = alpha / max(arms - 1, 1)
    points = _smallest(base, per_arm, per_arm, split, power) if arms > 1 else None
    against = _smallest(base, round(treated), held_out, alpha, power) if held_out else None
    decisive = points if arms > 1 else against
    relative = decisive / base.value if decisive is not None and base.value else None
    return Advice(
        per_arm=per_arm,
        held_out=held_out,
        waiting=round(people - tested),
        points=points,
        relative=points / base.value if points is not None and base.value else None,
        holdout_points=against,
        holdout_relative=against / base.value if against is not None and base.value else None,
        enough=relative is not None and relative <= TOO_COARSE,
        sentence=_sentence(metric, base, per_arm, arms, held_out, points, against),
        base=base,
    )


def _smallest(base: BaseRate, one: int, other: int, alpha: float, power: float) -> float | None:
    """Return the smallest difference seen between groups of these sizes, in the metric's unit."""
    if min(one, other) < MIN_ARM or base.value <= 0:
        return None
    # Two unequal groups see as much as two of their harmonic mean.
    size = round(2 / (1 / one + 1 / other))
    if base.sd is not None:
        return minimum_effect_mean(base.sd, size, alpha=alpha, power=power) if base.sd > 0 else None
    return minimum_effect(base.value, size, alpha=alpha, power=power) * base.value


def _sentence(
    metric: str,
    base: BaseRate,
    per_arm: int,
    arms: int,
    held_out: int,
    points: float | None,
    against: float | None,
) -> str:
    shown = points if arms > 1 else against
    if arms < 2 and not held_out:
        return _("Nobody is held out and there is one version: nothing is tested.")
    if shown is None:
        return _("Too few people: nothing could be told apart. Write to everybody, or test on more people.")
    values = {
        "people": number(per_arm),
        "held": number(held_out),
        "base": _figure(metric, base.value),
        "smallest": _difference(metric, shown),
        "target": _figure(metric, base.value + shown),
    }
    if arms > 1:
        text = _(
            "%(people)s people an arm: a change from %(base)s by %(smallest)s or more would show, up to"
            " %(target)s. Smaller ones look like chance."
        )
    else:
        text = _(
            "%(people)s people written to against %(held)s held out: an effect from %(base)s by %(smallest)s"
            " or more would show. Smaller ones look like chance."
        )
    return text % values + " " + _origin(base)


def _origin(base: BaseRate) -> str:
    if base.origin == Origin.ASSUMED:
        return _("The starting rate is assumed: there is no campaign yet to measure it on.")
    measured = {"people": number(base.people)}
    if base.origin == Origin.CAMPAIGNS:
        return _("Measured on %(people)s people of the last campaigns.") % measured
    return _("Measured on what %(people)s people do anyway.") % measured


def _is_share(metric: str) -> bool:
    return MEASURES[metric].kind == "proportion"


def _figure(metric: str, value: float) -> str:
    return percent(value) if _is_share(metric) else number(value, 2)


def _difference(metric: str, value: float) -> str:
    if not _is_share(metric):
        return number(value, 2)
    digits = 1 if value > 0.001 else 2
    return _("%(points)s percentage points") % {"points": number(value * 100, digits)}
