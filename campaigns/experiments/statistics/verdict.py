"""From figures to a sentence: better, worse or no difference, and whether it may ship."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from campaigns.experiments.statistics.noninferiority import Guard
from campaigns.experiments.statistics.results import Interval

Direction = Literal["increase", "decrease"]
MIN_CONVERSIONS = 25


class Verdict(StrEnum):
    """Say how a treatment stands against its control."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference"


def verdict(interval: Interval, good: Direction = "increase") -> Verdict:
    """Read the verdict off an interval of the difference: it must exclude zero."""
    if good == "decrease":
        interval = interval.mirrored()
    if interval.low > 0:
        return Verdict.BETTER
    if interval.high < 0:
        return Verdict.WORSE
    return Verdict.NO_DIFFERENCE


class Outcome(StrEnum):
    """Say what a look at an experiment leads to."""

    SHIP = "ship"
    SHIP_WITH_HOLDOUT = "ship with a hold-out"
    STOP_HARM = "stop: the treatment is worse"
    BLOCKED = "blocked"
    NO_DIFFERENCE = "no difference found"
    CONTINUE = "continue"


class Block(StrEnum):
    """Say what keeps a variant from being shipped."""

    SAMPLE_RATIO = "sample ratio mismatch"
    GUARDRAIL = "a guardrail is proven harmed"
    FEW_CONVERSIONS = "fewer than 25 conversions"
    WINDOW_OPEN = "the metric's window has not passed"


@dataclass(frozen=True, slots=True)
class Look:
    """Hold what is known at one planned look: the primary's z, its bound and the health of the test.

    `z` counts treatment minus control; `bound` is the group-sequential bound of this look; `interval` is
    the repeated interval of the absolute difference (what an inconclusive test has ruled out).
    """

    z: float
    bound: float
    interval: Interval
    sample_ratio_clean: bool
    pooled_conversions: int
    window_passed: bool
    last: bool
    guardrails: Sequence[Guard] = ()
    good: Direction = "increase"


@dataclass(frozen=True, slots=True)
class Decision:
    """Hold the outcome of a look, what blocks it, and the range of effects that it has not ruled out."""

    outcome: Outcome
    verdict: Verdict
    blocks: tuple[Block, ...]
    not_ruled_out: Interval

    @property
    def ships(self) -> bool:
        """Tell whether the rule allows the treatment to go to everybody (it worked)."""
        return self.outcome in (Outcome.SHIP, Outcome.SHIP_WITH_HOLDOUT)


def decide(look: Look) -> Decision:
    """Apply the ship rule to a planned look.

    A crossing in the good direction ships only with a clean sample ratio, no guardrail proven harmed, at
    least 25 pooled conversions and the metric's window passed; a guardrail that is not yet known ships with
    a hold-out. A crossing in the bad direction stops at once. The horizon without a crossing keeps the
    control. A broken split blocks every conclusion, good or bad.
    """
    signed = look.z if look.good == "increase" else -look.z
    crossed = Verdict.BETTER if signed >= look.bound else Verdict.WORSE if -signed >= look.bound else None
    reading = crossed or Verdict.NO_DIFFERENCE
    blocks = tuple(
        block
        for block, hit in (
            (Block.SAMPLE_RATIO, not look.sample_ratio_clean),
            (Block.GUARDRAIL, Guard.HARMED in look.guardrails),
            (Block.FEW_CONVERSIONS, look.pooled_conversions < MIN_CONVERSIONS),
            (Block.WINDOW_OPEN, not look.window_passed),
        )
        if hit
    )
    return Decision(_outcome(look, crossed, blocks), reading, blocks, look.interval)


def _outcome(look: Look, crossed: Verdict | None, blocks: tuple[Block, ...]) -> Outcome:
    if Block.SAMPLE_RATIO in blocks:
        return Outcome.BLOCKED
    if crossed is Verdict.WORSE or Block.GUARDRAIL in blocks:
        return Outcome.STOP_HARM
    if crossed is Verdict.BETTER:
        if blocks:
            return Outcome.BLOCKED
        unknown = Guard.UNKNOWN in look.guardrails
        return Outcome.SHIP_WITH_HOLDOUT if unknown else Outcome.SHIP
    return Outcome.NO_DIFFERENCE if look.last and look.window_passed else Outcome.CONTINUE
