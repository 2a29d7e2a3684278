"""The models that a strategy may be made of, in a marketer's words.

Names are the recommender's own. The list stands here, too, so that a form does not have to load
scikit-learn; a test keeps both the same.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recommender.errors import RecommenderError

FAMILIES: dict[str, Promise] = {
    "auto": _("Whatever proves best on the shop's own history"),
    "two-stage": _("Learned ranking of what all other models propose"),
    "hybrid": _("Blend of models with fitted weights"),
    "popularity": _("Best-sellers"),
    "recent-popularity": _("Best-sellers of the last weeks"),
    "trending": _("What sells more and more"),
    "group-popularity": _("Best-sellers among similar customers"),
    "own-frequency": _("What the customer buys often"),
    "own-recent": _("What the customer bought lately"),
    "own-lasting": _("What the customer has bought for long"),
    "due": _("What the customer is about to run out of"),
    "user-knn": _("What similar customers buy"),
    "item-knn": _("What goes with their products"),
    "rp3beta": _("Walks over shared purchases (RP3β)"),
    "gf-cf": _("Smoothing over shared purchases (GF-CF)"),
    "ease": _("Linear model of products (EASE)"),
    "als": _("Hidden tastes (ALS)"),
    "bpr": _("Hidden tastes by order (BPR)"),
    "sgd-mf": _("Hidden tastes from ratings (SGD)"),
    "content": _("Similar products"),
    "naive-bayes": _("Preferred attributes (naive Bayes)"),
    "logistic": _("Preferred attributes (logistic regression)"),
    "linear-svm": _("Preferred attributes (linear SVM)"),
}


def check(family: str, parameters: Mapping[str, Any]) -> None:
    """Raise ValidationError where the recommender knows no such model or parameter."""
    # Loads scikit-learn and implicit, a second the first time: only where a strategy is saved.
    from recommender.models import create

    try:
        create(family, **parameters)
    except (RecommenderError, TypeError) as error:
        raise ValidationError({"parameters": str(error)}) from error
