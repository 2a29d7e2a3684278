"""How much a customer spends when they buy: the gamma-gamma model.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value (note 025). A purchase's value varies as
Gamma(p, nu) around the customer's own mean, and nu between customers as Gamma(q, gamma). It presumes
that how much does not depend on how often; ``correlation`` says how far that holds.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from recommender.arrays import Float64
from recommender.errors import DataError
from recommender.scoring.lifetime.bgnbd import CLOSE


@dataclass(frozen=True)
class GammaGamma:
    """A fitted gamma-gamma model; ``gamma`` is in the currency of the data."""

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")
    correlation: float = float("nan")

    @classmethod
    def fit(cls, x: Float64, mean: Float64) -> "GammaGamma":
        """Fit on the customers whose ``x`` purchases have a mean value above zero (equation 1a).

        Raises DataError for fewer than two of them.
        """
        x, mean = np.asarray(x, dtype=np.float64), np.asarray(mean, dtype=np.float64)
        usable = (x > 0) & (mean > 0) & np.isfinite(mean)
        x, mean = x[usable], mean[usable]
        if len(x) < 2:
            raise DataError("lifetime value needs at least two customers with purchases above zero")
        unit = float(mean.mean())
        scaled = mean / unit

        def loss(logs: Float64) -> float:
            p, q, gamma = np.exp(logs)
            return -float(_log_likelihood(p, q, gamma, x, scaled).mean())

        found = minimize(
            loss, np.log([2.0, 3.0, 1.0]), method="L-BFGS-B", bounds=[(-8.0, 12.0)] * 3, options=CLOSE
        )
        p, q, gamma = np.exp(found.x)
        apart = len(x) > 2 and np.ptp(x) > 0 and np.ptp(mean) > 0
        return cls(
            float(p),
            float(q),
            float(gamma) * unit,
            -float(found.fun) * len(x) - len(x) * float(np.log(unit)),
            float(np.corrcoef(x, mean)[0, 1]) if apart else float("nan"),
        )

    def expected(self, x: Float64, mean: Float64) -> Float64:
        """Return each customer's mean value of a purchase (equation 5): own mean, drawn to the shop's.

        Who has no purchase that counts (x = 0) gets the shop's mean. Infinite where q ≤ 1 and x = 0.
        """
        x = np.asarray(x, dtype=np.float64)
        total = np.where(x > 0, x * np.nan_to_num(np.asarray(mean, dtype=np.float64)), 0.0)
        below = self.p * x + self.q - 1
        value: Float64 = np.where(
            below > 0, self.p * (self.gamma + total) / np.where(below > 0, below, 1), np.inf
        )
        return value

    def draw(self, x: Float64, mean: Float64, counts: Float64, random: np.random.Generator) -> Float64:
        """Return customers x draws sums spent in ``counts`` purchases (customers x draws)."""
        x = np.asarray(x, dtype=np.float64)[:, None]
        total = np.where(x > 0, x * np.nan_to_num(np.asarray(mean, dtype=np.float64))[:, None], 0.0)
        nu = random.gamma(self.q + self.p * x, 1 / (self.gamma + total), counts.shape)
        spent: Float64 = np.where(
            counts > 0, random.gamma(np.maximum(self.p * counts, 1e-9)) / np.maximum(nu, 1e-300), 0.0
        )
        return spent


def _log_likelihood(p: float, q: float, gamma: float, x: Float64, mean: Float64) -> Float64:
    whole: Float64 = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + mean * x)
    )
    return whole
