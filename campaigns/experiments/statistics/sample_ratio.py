"""Did each arm get its share? A mismatch means that the split itself is broken."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

ALARM = 0.001


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Hold the check of an experiment's split; `p_value` is None while nobody has been assigned."""

    observed: tuple[int, ...]
    expected: tuple[float, ...]
    p_value: float | None
    exact: bool

    @property
    def clean(self) -> bool:
        """Tell whether there is no alarm (p >= .001)."""
        return self.p_value is None or self.p_value >= ALARM


def check_sample_ratio(observed: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Test the arms' counts against their weights.

    Pearson's chi square with degrees of freedom over the arms that have weight (Fabijan et al. 2019, KDD,
    "Diagnosing sample ratio mismatch"). Where an expected count is below 5 the test is exact: the binomial
    for two arms; for more, the smallest binomial p of an arm against the rest, times their number
    (Bonferroni), which never alarms too often. A unit in an arm of weight 0 is a certain mismatch.
    """
    if len(observed) != len(weights) or not observed:
        raise ValueError("One weight per arm is needed.")
    if min(observed) < 0 or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError("Counts and weights are 0 or more, and some arm has weight.")
    total, share = sum(observed), [w / sum(weights) for w in weights]
    expected = tuple(total * s for s in share)
    if total == 0:
        return SampleRatio(tuple(observed), expected, None, exact=False)
    if any(o > 0 and s == 0 for o, s in zip(observed, share, strict=True)):
        return SampleRatio(tuple(observed), expected, 0.0, exact=True)
    live = [(o, e) for o, e in zip(observed, expected, strict=True) if e > 0]
    if len(live) == 1:
        return SampleRatio(tuple(observed), expected, 1.0, exact=True)
    if min(e for _, e in live) < 5:
        single = [float(stats.binomtest(o, total, e / total).pvalue) for o, e in live]
        p = single[0] if len(live) == 2 else min(1.0, len(live) * min(single))
        return SampleRatio(tuple(observed), expected, p, exact=True)
    statistic = sum((o - e) ** 2 / e for o, e in live)
    return SampleRatio(tuple(observed), expected, float(stats.chi2.sf(statistic, len(live) - 1)), exact=False)
