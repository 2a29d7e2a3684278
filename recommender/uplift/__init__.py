"""Uplift: whom an offer changes, learned from people of whom some were left alone by chance."""

from recommender.uplift.evidence import Evidence, Trial, judge
from recommender.uplift.learners import XLearner, cross_fitted
from recommender.uplift.quality import qini, qini_curve, uplift_at

__all__ = ["Evidence", "Trial", "XLearner", "cross_fitted", "judge", "qini", "qini_curve", "uplift_at"]
