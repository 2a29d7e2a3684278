"""Which recommenders exist, how good they are, which one serves, and why that changed."""

from recommendations.models.lists import Decision, ProductList, RecommendationList
from recommendations.models.rules import ListRule
from recommendations.models.strategies import ModelVersion, Objective, Serving, Strategy
from recommendations.models.tuning import Champion, Posterior, TuningDecision, TuningPolicy

__all__ = [
    "Champion",
    "Decision",
    "ListRule",
    "ModelVersion",
    "Objective",
    "Posterior",
    "ProductList",
    "RecommendationList",
    "Serving",
    "Strategy",
    "TuningDecision",
    "TuningPolicy",
]
