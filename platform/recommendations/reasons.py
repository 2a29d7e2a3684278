"""Why a product is on a list, in words. Only what carried the score is ever said."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

#: The part of the recommender that carried a place → the sentence.
SENTENCES = {
    "own-frequency": _("You buy this often"),
    "own-recent": _("You bought this lately"),
    "own-lasting": _("One of your regulars"),
    "due": _("Due again about now"),
    "user-knn": _("Customers like you buy this"),
    "group-popularity": _("Popular with customers like you"),
    "item-knn": _("Goes with what you buy"),
    "ease": _("Goes with what you buy"),
    "rp3beta": _("Customers who share your purchases buy this"),
    "gf-cf": _("Customers who share your purchases buy this"),
    "content": _("Similar to what you buy"),
    "naive-bayes": _("The kind of product you choose"),
    "logistic": _("The kind of product you choose"),
    "linear-svm": _("The kind of product you choose"),
    "als": _("Fits your taste"),
    "bpr": _("Fits your taste"),
    "sgd-mf": _("Fits your taste"),
    "popularity": _("Popular in our shop"),
    "recent-popularity": _("Popular right now"),
    "trending": _("More and more customers buy this"),
    "fallback": _("Popular in our shop"),
    "pinned": _("Our recommendation"),
}
#: The same where one product carried it, which is named.
NAMED = {
    "viewed": _("Because you looked at %(product)s"),
    "together": _("Often bought with %(product)s"),
    "similar": _("Similar to %(product)s"),
}
BOUGHT = _("Because you bought %(product)s")
ELSE = _("Picked for you")


def sentence(reason: Mapping[str, Any]) -> str:
    """Return the sentence for a reason `{"part": …, "because": product name?}`, translated."""
    part = str(reason.get("part"))
    if name := reason.get("because"):
        return gettext(NAMED.get(part, BOUGHT)) % {"product": name}
    return _said(SENTENCES.get(part, ELSE), get_language())


@lru_cache(maxsize=256)
def _said(text: str, language: str | None) -> str:
    """Return a text in the language in use: asking for it ten times an answer takes longer than the list."""
    return gettext(text)
