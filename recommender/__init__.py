"""Recommend products and know customers: a library of its own, without Django and without a database."""

from recommender.artifacts import load, save
from recommender.base import Because, Explanation, Recommendations, Recommender
from recommender.columns import FALLBACK, OBJECTIVES, Objective
from recommender.dataset import Dataset
from recommender.errors import ArtifactError, DataError, NotFittedError, RecommenderError, UnknownModelError
from recommender.models import LINE_UP, create, names
from recommender.validation.protocol import evaluate
from recommender.validation.report import Report

__all__ = [
    "FALLBACK",
    "LINE_UP",
    "OBJECTIVES",
    "ArtifactError",
    "Because",
    "DataError",
    "Dataset",
    "Explanation",
    "NotFittedError",
    "Objective",
    "Recommendations",
    "Recommender",
    "RecommenderError",
    "Report",
    "UnknownModelError",
    "create",
    "evaluate",
    "load",
    "names",
    "save",
]
