"""Figures of quality of ranked lists."""

from recommender.metrics.ranking import coverage, ndcg, recall

__all__ = ["coverage", "ndcg", "recall"]
