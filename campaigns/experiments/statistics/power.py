"""How many people a test needs, and the smallest effect that it could see."""

from math import ceil, sqrt

from scipy import optimize, stats

from campaigns.experiments.statistics.results import NotComputableError, Reason, require_alpha


def _rates(baseline: float, lift: float) -> tuple[float, float]:
    treated = baseline * (1 + lift)
    if not (0 < baseline < 1 and 0 < treated < 1) or lift == 0:
        raise ValueError(
            f"A baseline of {baseline:g} with a lift of {lift:g} needs both rates between 0 and 1 and a lift."
        )
    return baseline, treated


def _quantiles(alpha: float, power: float, sides: int) -> tuple[float, float]:
    require_alpha(alpha)
    if not alpha < power < 1:
        raise ValueError(f"Power lies between alpha and 1, not {power}.")
    return float(stats.norm.isf(alpha / sides)), float(stats.norm.isf(1 - power))


def sample_size(
    baseline: float,
    lift: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    sides: int = 2,
    pooled: bool = False,
) -> int:
    """Return the units needed in each arm to see a relative lift of a rate.

    Fleiss, Levin & Paik 2003 (Statistical Methods for Rates and Proportions, chapter 4), without the
    continuity correction; `pooled` takes the null's variance at the mean rate.
    """
    return ceil(exact_sample_size(baseline, lift, alpha=alpha, power=power, sides=sides, pooled=pooled))


def exact_sample_size(
    baseline: float,
    lift: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    sides: int = 2,
    pooled: bool = False,
) -> float:
    """Return `sample_size` before rounding up."""
    p1, p2 = _rates(baseline, lift)
    za, zb = _quantiles(alpha, power, sides)
    alternative = p1 * (1 - p1) + p2 * (1 - p2)
    mean = (p1 + p2) / 2
    null = 2 * mean * (1 - mean) if pooled else alternative
    return (za * sqrt(null) + zb * sqrt(alternative)) ** 2 / (p2 - p1) ** 2


def power_of(baseline: float, lift: float, n: int, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the chance to detect a lift with n units an arm: pooled null, unpooled alternative.

    Two-sided, the far tail counts as well: tiny where the power is worth having.
    """
    p1, p2 = _rates(baseline, lift)
    mean = (p1 + p2) / 2
    za = float(stats.norm.isf(alpha / sides))
    shift, edge = abs(p2 - p1) * sqrt(n), za * sqrt(2 * mean * (1 - mean))
    spread = sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    near = float(stats.norm.cdf((shift - edge) / spread))
    return near + float(stats.norm.cdf((-shift - edge) / spread)) if sides == 2 else near


def minimum_effect(
    baseline: float, n: int, *, alpha: float = 0.05, power: float = 0.8, sides: int = 2
) -> float:
    """Return the smallest relative lift seen with the given power, by the baseline's variance 2p(1-p)."""
    if not 0 < baseline < 1 or n < 1:
        raise ValueError(f"A rate between 0 and 1 and at least one unit are needed, not {baseline} and {n}.")
    za, zb = _quantiles(alpha, power, sides)
    return (za + zb) * sqrt(2 * baseline * (1 - baseline) / n) / baseline


def minimum_effect_mean(
    sd: float, n: int, *, alpha: float = 0.05, power: float = 0.8, sides: int = 2
) -> float:
    """Return the smallest difference of two means seen with n units an arm (normal approximation)."""
    if sd <= 0 or n < 2:
        raise NotComputableError(Reason.ZERO_VARIANCE, "A mean's smallest effect needs units that vary.")
    za, zb = _quantiles(alpha, power, sides)
    return (za + zb) * sd * sqrt(2 / n)


def sample_size_mean(cohens_d: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the units an arm for a standardised difference, by the non-central t distribution.

    Cohen 1988 (Statistical Power Analysis, chapter 2), two-sided, both tails counted; not rounded.
    """
    if cohens_d == 0:
        raise ValueError("An effect of 0 cannot be detected.")
    require_alpha(alpha)

    def short(n: float) -> float:
        df, shift = 2 * n - 2, abs(cohens_d) * sqrt(n / 2)
        edge = stats.t.isf(alpha / 2, df)
        return float(stats.nct.sf(edge, df, shift) + stats.nct.cdf(-edge, df, shift)) - power

    start = 2 * (sum(_quantiles(alpha, power, 2)) / cohens_d) ** 2
    return float(optimize.brentq(short, max(1.5, start / 2), 2 * start + 10, xtol=1e-9, rtol=1e-12))
