"""Writes of the recommendations: lists kept ready and what tuning decides.

Training stands in its own module, which loads the models: recommendations.services.training.
"""

from recommendations.services.lists import ensure_lists, precompute_lists
from recommendations.services.tuning import Evidence, blend_prior, decide_blend, decide_strategy, roll_back

__all__ = [
    "Evidence",
    "blend_prior",
    "decide_blend",
    "decide_strategy",
    "ensure_lists",
    "precompute_lists",
    "roll_back",
]
