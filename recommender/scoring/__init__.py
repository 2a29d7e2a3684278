"""Scores: what customers will probably do, and what they will bring."""

from recommender.scoring.examples import Tables
from recommender.scoring.features import features, formulas
from recommender.scoring.history import Past
from recommender.scoring.model import ScoreModel
from recommender.scoring.targets import CHURN, COUPON, LINK, PURCHASE, TARGETS, Target
from recommender.scoring.training import train, train_all
from recommender.scoring.unknown import FLOOR, Unknown

__all__ = [
    "CHURN",
    "COUPON",
    "FLOOR",
    "LINK",
    "PURCHASE",
    "TARGETS",
    "Past",
    "ScoreModel",
    "Tables",
    "Target",
    "Unknown",
    "features",
    "formulas",
    "train",
    "train_all",
]
