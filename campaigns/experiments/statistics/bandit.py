"""Waves that learn: Beta posteriors that forget slowly, and traffic shares by Thompson sampling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from campaigns.experiments.statistics.bayesian import Beta, prob_best
from campaigns.experiments.statistics.floor import FLOOR

DISCOUNT = 0.9
WAVES = 4
# How many of the whole's people a persona's prior may speak for: enough to steady a small persona, too
# few to overrule one that has seen a campaign of its own.
PRIOR_STRENGTH = 200.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Hold one arm's discounted counts; neither needs to be whole.

    `trials` counts people that could have shown their conversion by now: those whose window is partly open
    count in part (see `delay.Delay.visible`).
    """

    conversions: float = 0.0
    trials: float = 0.0

    def __post_init__(self) -> None:
        if self.conversions < 0 or self.trials < 0:
            raise ValueError("Conversions and trials are 0 or more.")

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.conversions + other.conversions, self.trials + other.trials)

    def discounted(self, factor: float = DISCOUNT) -> "Tally":
        """Return the counts after one more wave: each wave weighs .9 of the next.

        Discounted Thompson sampling (Raj & Kalyani 2017, arXiv 1707.09727): .8 forgets too fast while
        nothing changes, 1 never notices that it did.
        """
        if not 0 < factor <= 1:
            raise ValueError(f"A discount lies above 0 and at most at 1, not {factor}.")
        return Tally(self.conversions * factor, self.trials * factor)

    def posterior(self, prior: Beta | None = None) -> Beta:
        """Return the Beta posterior, under the uniform prior by default."""
        prior = prior or Beta()
        # With a delay correction a lucky wave can show more conversions than it counts people.
        missed = max(self.trials - self.conversions, 0.0)
        return Beta(prior.a + self.conversions, prior.b + missed)


def remember(waves: Sequence[Mapping[str, Tally]], factor: float = DISCOUNT) -> dict[str, Tally]:
    """Return each arm's memory of its waves, oldest first: the newest counts in full.

    Waves are counted anew at every decision, because late conversions still come in for the older ones:
    pass them through `Delay.visible` first. Arms may come and go; one that missed a wave ages all the same.
    """
    memory: dict[str, Tally] = {}
    for wave in waves:
        memory = {key: tally.discounted(factor) for key, tally in memory.items()}
        for key, tally in wave.items():
            memory[key] = memory.get(key, Tally()) + tally
    return memory


def shrunk(tally: Tally, whole: Tally, strength: float = PRIOR_STRENGTH) -> Beta:
    """Return a persona's posterior for an arm, shrunk to the arm's posterior over everybody.

    Empirical Bayes with a Beta prior at the whole's mean, worth at most `strength` people (Efron & Morris
    1975; Gelman et al., BDA3, section 5.1). `whole` must hold the other personas too; the persona's own
    part is taken out, so that nobody counts twice.
    """
    rest = Tally(max(whole.conversions - tally.conversions, 0.0), max(whole.trials - tally.trials, 0.0))
    everybody = rest.posterior()
    size = everybody.a + everybody.b
    scale = min(1.0, strength / size)
    return tally.posterior(Beta(max(everybody.a * scale, 1e-3), max(everybody.b * scale, 1e-3)))


def _shares(weights: Sequence[float], floor: float) -> list[float]:
    if not 0 <= floor * len(weights) <= 1:
        raise ValueError(f"A floor of {floor:g} leaves nothing to share among {len(weights)} arms.")
    total = sum(weights)
    if not total > 0 or min(weights) < 0:
        raise ValueError("Shares are 0 or more and sum to more than 0.")
    return [weight / total for weight in weights]


def floored(weights: Sequence[float], floor: float = FLOOR) -> tuple[float, ...]:
    """Return shares of at least `floor`: those below are raised to it, the others give in proportion.

    Every arm keeps a chance that can be evaluated later, at no cost while all are above it. Of each wave,
    K x floor of the people can thus be drawn at equal weights, and only they say what an arm is worth.
    """
    shares = _shares(weights, floor)
    count, raised = len(shares), [False] * len(shares)
    while True:
        free = sum(share for share, up in zip(shares, raised, strict=True) if not up)
        scale = (1 - floor * sum(raised)) / free if free > 0 else 0.0
        result = [floor if up else share * scale for share, up in zip(shares, raised, strict=True)]
        # Giving may push a further arm below the floor, so look again until none is.
        below = [up or share < floor for up, share in zip(raised, result, strict=True)]
        if below == raised:
            return tuple(result)
        if all(below):
            return (1 / count,) * count
        raised = below


def additive_floor(weights: Sequence[float], floor: float = FLOOR) -> tuple[float, ...]:
    """Return floor + (1 - K floor) share, as GrowthBook's bandits do: a mixture with equal weights.

    It costs K x floor of the traffic even while the arms are still equal, which `floored` saves.
    """
    shares = _shares(weights, floor)
    return tuple(floor + (1 - len(shares) * floor) * share for share in shares)


def thompson_weights(arms: Sequence[Beta], floor: float = FLOOR) -> tuple[float, ...]:
    """Return traffic shares: each arm's exact chance to be best, with a floor (Thompson 1933; Scott 2010).

    Deterministic, so the stored propensity is exact. Five arms take about 3 ms.
    """
    return floored(prob_best(arms), floor)


def sampled_weights(
    arms: Sequence[Beta], *, seed: int, draws: int = 20_000, floor: float = FLOOR
) -> tuple[float, ...]:
    """Return the same shares by seeded sampling: for many arms, where integration grows slow.

    The error of a share is at most sqrt(.25 / draws), .0035 at 20,000 draws.
    """
    if not arms:
        raise ValueError("At least one arm is needed.")
    rng = np.random.default_rng(seed)
    a, b = np.array([arm.a for arm in arms]), np.array([arm.b for arm in arms])
    best = rng.beta(a, b, size=(draws, len(arms))).argmax(axis=1)
    return floored([float(c) for c in np.bincount(best, minlength=len(arms))], floor)


@dataclass(frozen=True, slots=True)
class Wave:
    """Hold the shares decided for one wave, with the posteriors that led to them."""

    weights: Mapping[str, float]
    posteriors: Mapping[str, Beta]


def next_wave(
    memory: Mapping[str, Tally],
    *,
    whole: Mapping[str, Tally] | None = None,
    floor: float = FLOOR,
    strength: float = PRIOR_STRENGTH,
) -> Wave:
    """Decide the next wave's shares from each arm's memory; with `whole`, shrunk to everybody.

    Without any trials the shares are equal. `whole` is the memory over all personas, this one included.
    """
    if not memory:
        raise ValueError("At least one arm is needed.")
    posteriors = {
        key: tally.posterior() if whole is None else shrunk(tally, whole.get(key, tally), strength)
        for key, tally in memory.items()
    }
    weights = thompson_weights(list(posteriors.values()), floor)
    return Wave(dict(zip(posteriors, weights, strict=True)), posteriors)


def rewarded(tally: Tally, value: float) -> Tally:
    """Return the tally with conversions worth `value` of the largest reward, 0 to 1.

    Lets incremental margin per eligible person stand in for conversions: the reward is scaled to 0..1 and
    split between success and failure (Agrawal & Goyal 2012, COLT, section 1.1).
    """
    if not 0 <= value <= 1:
        raise ValueError(f"A reward is scaled to lie between 0 and 1, not {value}.")
    return replace(tally, conversions=tally.conversions * value)
