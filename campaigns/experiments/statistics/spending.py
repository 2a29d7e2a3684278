"""Planned looks: how much of alpha each may spend, and the bounds that follow."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, sqrt
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from campaigns.experiments.statistics.moments import Floats
from campaigns.experiments.statistics.quadrature import panels
from campaigns.experiments.statistics.results import Interval, require_alpha

Spending = Callable[[float, float], float]

# Further out than this a Brownian path has no mass that a double could tell from none.
FAR = 40.0
# Beyond this many standard deviations no mass needs to be followed; a one-sided design goes on until there.
REACH = 9.0
# 100 panels of 32 nodes: looks closer together than .0005 of the horizon lose some accuracy.
MAX_PANELS = 100


def obrien_fleming(t: float, alpha: float) -> float:
    """Return what is spent by information fraction t: 2 (1 - Phi(z_{alpha/2} / sqrt(t))).

    Lan & DeMets 1983, Biometrika 70:659-663, the O'Brien-Fleming type: next to nothing early.
    """
    return 2 * float(stats.norm.sf(stats.norm.isf(alpha / 2) / sqrt(t))) if t > 0 else 0.0


def power_family(phi: float) -> Spending:
    """Return the spending function alpha t^phi (Kim & DeMets 1987, Biometrika 74:149-154)."""
    if phi <= 0:
        raise ValueError(f"The exponent of the power family is above 0, not {phi}.")

    def spend(t: float, alpha: float) -> float:
        return alpha * float(t**phi)

    return spend


def spending_bounds(
    fractions: Sequence[float],
    alpha: float = 0.05,
    *,
    sides: Literal[1, 2] = 2,
    spending: Spending = obrien_fleming,
) -> tuple[float, ...]:
    """Return the bound on |z| (on z when one-sided) at each look.

    `fractions` are the information fractions of the looks so far, rising, in (0, 1]; they need not be
    equally spaced nor complete, which is the point of Lan & DeMets 1983. A path of z statistics behaves as
    Brownian motion B(t) = z sqrt(t); the chance to cross at each look is found by recursive integration
    (Armitage, McPherson & Rowe 1969, JRSS A 132) over Gauss-Legendre panels, the bound by root finding.
    Two-sided bounds are symmetric and spend `alpha` in total. Accurate to about 1e-8; 14 looks take 30 ms.
    """
    require_alpha(alpha)
    looks = tuple(float(t) for t in fractions)
    if not looks or any(not 0 < t <= 1 for t in looks):
        raise ValueError("Information fractions lie above 0 and at most at 1; at least one is needed.")
    if any(b <= a for a, b in pairwise(looks)):
        raise ValueError("Information fractions must rise from look to look.")
    return _bounds(looks, alpha, sides, spending)


@lru_cache(maxsize=256)
def _bounds(
    looks: tuple[float, ...], alpha: float, sides: Literal[1, 2], spending: Spending
) -> tuple[float, ...]:
    result: list[float] = []
    nodes, mass = np.zeros(1), np.ones(1)  # B(0) = 0 for certain
    spent, previous = 0.0, 0.0
    for t in looks:
        step = sqrt(t - previous)
        target = spending(t, alpha) - spent

        def excess(c: float, nodes: Floats = nodes, mass: Floats = mass, step: float = step) -> float:
            out = special.ndtr((nodes - c) / step)
            if sides == 2:
                out = out + special.ndtr((-c - nodes) / step)
            return float(out @ mass)

        if target <= 0 or excess(FAR * sqrt(t)) >= target:
            bound = FAR * sqrt(t)
        else:
            bound = _solve(excess, target, 0.0 if sides == 2 else -REACH * sqrt(t), FAR * sqrt(t))
        result.append(bound / sqrt(t))
        spent += max(target, 0.0)
        reach = REACH * sqrt(t)
        low = max(-bound, -reach) if sides == 2 else -reach
        nodes, mass = _advance(nodes, mass, step, low, min(bound, reach))
        previous = t
    return tuple(result)


def _solve(excess: Callable[[float], float], target: float, low: float, high: float) -> float:
    if excess(low) <= target:
        return low
    # Spent amounts go down to 1e-13 at the first looks: compare on the scale of the target.
    return float(optimize.brentq(lambda c: excess(c) / target - 1, low, high, xtol=1e-12, rtol=1e-12))


def _advance(nodes: Floats, mass: Floats, step: float, low: float, high: float) -> tuple[Floats, Floats]:
    """Return nodes and masses of the paths that go on, after one more step of Brownian motion."""
    pieces = min(MAX_PANELS, max(8, ceil((high - low) / (4 * step))))
    new, weights = panels(np.linspace(low, high, pieces + 1))
    density = np.exp(-0.5 * ((new[:, None] - nodes[None, :]) / step) ** 2) @ mass
    return new, density * weights / (step * sqrt(2 * np.pi))


def repeated_interval(value: float, se: float, bound: float) -> Interval:
    """Return value +- bound x se: valid at all planned looks (Jennison & Turnbull 1989, JRSS B 51)."""
    return Interval(value - bound * se, value + bound * se)
