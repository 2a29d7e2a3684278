"""Writes of the recommendations: training, lists kept ready, and what tuning decides."""

from recommendations.services.lists import ensure_lists, precompute_lists
from recommendations.services.training import TrainingReport, train_models
from recommendations.services.tuning import Evidence, blend_prior, decide_blend, decide_strategy, roll_back

__all__ = [
    "Evidence",
    "TrainingReport",
    "blend_prior",
    "decide_blend",
    "decide_strategy",
    "ensure_lists",
    "precompute_lists",
    "roll_back",
    "train_models",
]
