"""Every family of models by its name; what `auto` may choose among stands here without `auto` itself."""

import inspect
from collections.abc import Mapping
from typing import Any

from recommender.base import Recommender
from recommender.errors import DataError, UnknownModelError
from recommender.models.als import ALS
from recommender.models.bpr import BPR
from recommender.models.clicks import LinearSVM, Logistic
from recommender.models.content import Content
from recommender.models.due import Due
from recommender.models.ease import EASE
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

Families = Mapping[str, type[Recommender]]

FAMILIES: dict[str, type[Recommender]] = {
    model.name: model
    for model in (
        Popularity,
        RecentPopularity,
        Trending,
        GroupPopularity,
        OwnFrequency,
        OwnRecent,
        OwnLasting,
        Due,
        UserKNN,
        ItemKNN,
        Content,
        Logistic,
        LinearSVM,
        NaiveBayes,
        ALS,
        BPR,
        SGDFactors,
        EASE,
        RP3Beta,
        GFCF,
        Hybrid,
        TwoStage,
    )
}


def make(families: Families, name: str, params: Mapping[str, Any]) -> Recommender:
    """Return a new, unfitted model of these families; raises UnknownModelError or DataError."""
    model = families.get(name)
    if model is None:
        raise UnknownModelError(name, list(families))
    known = inspect.signature(model).parameters
    unknown = [param for param in params if param not in known]
    if unknown:
        raise DataError(
            f"{name}: unknown parameter {', '.join(unknown)}; it takes {', '.join(known) or 'none'}"
        )
    return model(**params)


def make_seeded(families: Families, name: str, seed: int, params: Mapping[str, Any]) -> Recommender:
    """Return a new model with this seed where the model takes one."""
    model = families.get(name)
    if model is not None and "seed" in inspect.signature(model).parameters:
        params = {"seed": seed, **params}
    return make(families, name, params)
