"""Recommend products and know customers: a library of its own, without Django and without a database."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recommender.artifacts import load, save
    from recommender.base import Recommender
    from recommender.columns import FALLBACK, OBJECTIVES, Objective
    from recommender.dataset import Dataset
    from recommender.errors import (
        ArtifactError,
        DataError,
        NotFittedError,
        RecommenderError,
        UnknownModelError,
    )
    from recommender.lists import Because, Explanation, Recommendations
    from recommender.models import LINE_UP, create, names
    from recommender.validation.protocol import evaluate
    from recommender.validation.report import Report

# The models bring scikit-learn and implicit, which take a second and 200 MB: whoever only needs the
# errors or the columns does not load them (PEP 562).
_HOMES = {
    "recommender.artifacts": ("load", "save"),
    "recommender.base": ("Recommender",),
    "recommender.columns": ("FALLBACK", "OBJECTIVES", "Objective"),
    "recommender.dataset": ("Dataset",),
    "recommender.errors": (
        "ArtifactError",
        "DataError",
        "NotFittedError",
        "RecommenderError",
        "UnknownModelError",
    ),
    "recommender.lists": ("Because", "Explanation", "Recommendations"),
    "recommender.models": ("LINE_UP", "create", "names"),
    "recommender.validation.protocol": ("evaluate",),
    "recommender.validation.report": ("Report",),
}
_HOME = {name: module for module, names_ in _HOMES.items() for name in names_}

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


def __getattr__(name: str) -> Any:
    """Load a public name's module when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
