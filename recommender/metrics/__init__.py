"""Figures of quality: ranked lists against the truth, lists by themselves, predicted ratings."""

from recommender.metrics.lists import (
    calibration,
    concentration,
    coverage,
    intra_list_diversity,
    novelty,
    shares,
)
from recommender.metrics.ranking import (
    average_precision,
    f1,
    hit_rate,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
)
from recommender.metrics.rating import mae, rmse

__all__ = [
    "average_precision",
    "calibration",
    "concentration",
    "coverage",
    "f1",
    "hit_rate",
    "intra_list_diversity",
    "mae",
    "ndcg",
    "novelty",
    "precision",
    "recall",
    "reciprocal_rank",
    "rmse",
    "shares",
]
