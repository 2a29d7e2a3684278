"""The models, by name."""

from typing import Any

from recommender.base import Recommender
from recommender.models.als import ALS
from recommender.models.auto import Auto
from recommender.models.bpr import BPR
from recommender.models.clicks import LinearSVM, Logistic
from recommender.models.content import Content
from recommender.models.due import Due
from recommender.models.ease import EASE
from recommender.models.families import FAMILIES, make, make_seeded
from recommender.models.gf_cf import GFCF
from recommender.models.group_popularity import GroupPopularity
from recommender.models.hybrid import Hybrid
from recommender.models.item_knn import ItemKNN
from recommender.models.naive_bayes import NaiveBayes
from recommender.models.own_frequency import OwnFrequency, OwnLasting, OwnRecent
from recommender.models.popularity import Popularity, RecentPopularity, Trending
from recommender.models.rp3beta import RP3Beta
from recommender.models.sgd_mf import SGDFactors
from recommender.models.two_stage import TwoStage
from recommender.models.user_knn import UserKNN

MODELS: dict[str, type[Recommender]] = {Auto.name: Auto, **FAMILIES}
#: The models that a report shows unless something else is asked for.
LINE_UP = ("popularity", "own-frequency", "user-knn", "item-knn", "content", "als", "hybrid")


def names() -> list[str]:
    """Return the registered names."""
    return list(MODELS)


def create(name: str, **params: Any) -> Recommender:
    """Return a new, unfitted model by its name; raises UnknownModelError or DataError."""
    return make(MODELS, name, params)


def create_seeded(name: str, seed: int, **params: Any) -> Recommender:
    """Return a new model with this seed where the model takes one."""
    return make_seeded(MODELS, name, seed, params)


__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "GFCF",
    "LINE_UP",
    "MODELS",
    "Auto",
    "Content",
    "Due",
    "GroupPopularity",
    "Hybrid",
    "ItemKNN",
    "LinearSVM",
    "Logistic",
    "NaiveBayes",
    "OwnFrequency",
    "OwnLasting",
    "OwnRecent",
    "Popularity",
    "RP3Beta",
    "RecentPopularity",
    "SGDFactors",
    "Trending",
    "TwoStage",
    "UserKNN",
    "create",
    "create_seeded",
    "names",
]
