"""Which recommenders exist, how good they are, which one serves, and why that changed."""

from recommendations.models.demand import DemandForecast, DemandRun, Supply
from recommendations.models.lists import Decision, ProductList, RecommendationList
from recommendations.models.quality import ColdProduct, StrategyWeek
from recommendations.models.rules import ListRule
from recommendations.models.strategies import ModelVersion, Objective, Serving, Strategy
from recommendations.models.tuning import Champion, Posterior, TuningDecision, TuningPolicy

__all__ = [
    "Champion",
    "ColdProduct",
    "Decision",
    "DemandForecast",
    "DemandRun",
    "ListRule",
    "ModelVersion",
    "Objective",
    "Posterior",
    "ProductList",
    "RecommendationList",
    "Serving",
    "Strategy",
    "StrategyWeek",
    "Supply",
    "TuningDecision",
    "TuningPolicy",
]
