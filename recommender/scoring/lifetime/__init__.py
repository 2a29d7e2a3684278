"""Customer lifetime value: how often, whether still, and how much."""

from recommender.scoring.lifetime.bgnbd import BgNbd
from recommender.scoring.lifetime.check import Check, check
from recommender.scoring.lifetime.gamma_gamma import GammaGamma
from recommender.scoring.lifetime.summary import Purchases, purchases
from recommender.scoring.lifetime.value import LifetimeValue, fit_lifetime_value

__all__ = [
    "BgNbd",
    "Check",
    "GammaGamma",
    "LifetimeValue",
    "Purchases",
    "check",
    "fit_lifetime_value",
    "purchases",
]
