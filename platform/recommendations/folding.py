"""Fold a customer's newest purchases into the model at hand, once a minute for the same ones."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from recommendations.artifacts import at_hand
from recommendations.models import ModelVersion
from recommendations.places import Place
from recommendations.recent import history_of

#: Ages that are a minute off move no list: what forgets fastest forgets in a month.
GOOD_FOR = timedelta(minutes=1)
#: So many people's lists are kept in a process: about 5 MB.
KEPT = 1000


@dataclass(frozen=True, slots=True)
class _Folded:
    products: list[int]
    until: datetime
    places: list[Place]


_kept: OrderedDict[tuple[UUID, str, int, int], _Folded] = OrderedDict()


def folded(
    version: ModelVersion, customer_id: int, objective: str, until: datetime, depth: int
) -> list[Place]:
    """Return the model's list for the history as it is now; empty while the model is not at hand.

    One query. Whoever looks at one page after the other gets the list of the first one, as long as they
    bought nothing else; rules, stock and filters are none of its business.
    """
    model = at_hand(version)
    if model is None:
        return []
    products, ages = history_of(customer_id, until)
    key = (version.pk, objective, customer_id, depth)
    known = _kept.get(key)
    if known and known.products == products and abs(until - known.until) <= GOOD_FOR:
        return known.places
    items = [str(pk) for pk in products]
    lists = model.recommend_history(items, depth, objective, days_ago=ages)
    causes = model.history_causes(lists, items, days_ago=ages)[0]
    places = []
    # Places that nothing fills stand at the end, so both are in step.
    for (item, score, reason), cause in zip(lists.for_user(0), causes, strict=False):
        said: dict[str, Any] = {"part": reason}
        if cause >= 0:
            said["because_id"] = int(model.items_[int(cause)])
        places.append(Place(int(item), score, said, fallback=reason == "fallback"))
    _keep(key, _Folded(products, until, places))
    return places


def _keep(key: tuple[UUID, str, int, int], list_: _Folded) -> None:
    """Keep a list and drop the one that was made longest ago."""
    _kept.pop(key, None)
    _kept[key] = list_
    while len(_kept) > KEPT:
        try:
            _kept.popitem(last=False)
        except KeyError:
            return  # other threads drop, too
