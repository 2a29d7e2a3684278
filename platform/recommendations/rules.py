"""What the shop's rules make of a list: pin, boost, bury, exclude, cap, vary. No query, no model.

What cannot be offered, what the caller filters out and what a rule excludes is gone before anything else
is weighed, so no pin and no boost brings it back.
"""

from collections.abc import Iterable, Mapping, Sequence

from recommendations.models import ListRule
from recommendations.places import Facts, Filters, Place, under

#: Two products of one category, of one branch, of one brand: how alike they count for variety.
SAME_CATEGORY, SAME_BRANCH, SAME_BRAND = 0.8, 0.4, 0.3
#: What the fallback filled stands behind all that a model or a session knows.
BEHIND = 1e-3


def apply_rules(
    places: Iterable[Place],
    facts: Mapping[int, Facts],
    rules: Sequence[ListRule],
    limit: int,
    filters: Filters | None = None,
) -> list[Place]:
    """Return at most `limit` places that keep to all rules and filters, best first.

    A pinned product comes first, in the order of the rules, whether it was proposed or not; `facts`
    must hold it. Boost and bury multiply worth. A cap counts pinned ones. Costs places × limit for
    variety, else places × rules; 60 places take about 0.1 ms.
    """
    filters = filters or Filters()
    excluded = [rule for rule in rules if rule.kind == ListRule.Kind.EXCLUDE]
    allowed = {
        pk
        for pk, product in facts.items()
        if filters.admits(product) and not any(matches(rule, product) for rule in excluded)
    }
    weighed = _weighed([place for place in places if place.product_id in allowed], facts, rules)
    pinned = [rule for rule in rules if rule.kind == ListRule.Kind.PIN and rule.product_id in allowed]
    counts = _Caps([rule for rule in rules if rule.kind == ListRule.Kind.CAP])
    chosen: list[Place] = []
    known = {place.product_id: place for place in weighed}
    for rule in pinned:
        product = facts[int(rule.product_id or 0)]
        if len(chosen) < limit and product.pk not in {p.product_id for p in chosen} and counts.take(product):
            place = known.get(product.pk, Place(product.pk, 0.0, {"part": "pinned"}))
            chosen.append(place._replace(rules=(*place.rules, rule.name)))
    first = {place.product_id for place in chosen}
    rest = [place for place in weighed if place.product_id not in first]
    variety = max((float(r.number or 0) for r in rules if r.kind == ListRule.Kind.DIVERSITY), default=0.0)
    return _fill(chosen, rest, facts, counts, limit, variety)


def matches(rule: ListRule, product: Facts) -> bool:
    """Say whether a rule is about a product: all that it names must fit."""
    if rule.product_id is not None and rule.product_id != product.pk:
        return False
    if rule.supply and rule.supply != product.supply:
        return False
    if rule.category is not None and not under(product.path, rule.category.path):
        return False
    return not rule.brand or rule.brand.casefold() == product.brand.casefold()


def _weighed(places: Sequence[Place], facts: Mapping[int, Facts], rules: Sequence[ListRule]) -> list[Place]:
    """Return the places by worth after boosts and burials, equal ones as they came."""
    weights = [rule for rule in rules if rule.kind in (ListRule.Kind.BOOST, ListRule.Kind.BURY)]
    top = max((place.score for place in places if not place.fallback), default=0.0) or 1.0
    worths = []
    for number, place in enumerate(places):
        worth = BEHIND / (1 + number) if place.fallback else max(place.score / top, BEHIND)
        names = []
        for rule in weights:
            if matches(rule, facts[place.product_id]):
                worth *= float(rule.number or 1)
                names.append(rule.name)
        worths.append((worth, place._replace(rules=(*place.rules, *names)) if names else place))
    order = sorted(range(len(worths)), key=lambda at: -worths[at][0])
    return [worths[at][1]._replace(score=worths[at][0]) if weights else worths[at][1] for at in order]


class _Caps:
    """Count the products of capped categories."""

    def __init__(self, rules: Sequence[ListRule]) -> None:
        self._rules = rules
        self._counts: dict[tuple[int, str], int] = {}

    def take(self, product: Facts) -> bool:
        """Count a product and say True, or say False when one of its categories is full."""
        keys = []
        for rule in self._rules:
            if rule.category is None:
                key = (rule.pk, product.path or f"#{product.pk}")
            elif under(product.path, rule.category.path):
                key = (rule.pk, rule.category.path)
            else:
                continue
            if self._counts.get(key, 0) >= int(rule.number or 0):
                return False
            keys.append(key)
        for key in keys:
            self._counts[key] = self._counts.get(key, 0) + 1
        return True


def _fill(
    chosen: list[Place],
    rest: Sequence[Place],
    facts: Mapping[int, Facts],
    caps: _Caps,
    limit: int,
    variety: float,
) -> list[Place]:
    """Take the best of the rest one after the other; with variety, by maximal marginal relevance.

    Carbonell and Goldstein (1998): worth against the likeness to what is chosen already.
    """
    if not variety:
        for place in rest:
            if len(chosen) == limit:
                break
            if caps.take(facts[place.product_id]):
                chosen.append(place)
        return chosen
    top = max((place.score for place in rest), default=0.0) or 1.0
    near = [
        max((_alike(facts[p.product_id], facts[c.product_id]) for c in chosen), default=0.0) for p in rest
    ]
    left = set(range(len(rest)))
    while left and len(chosen) < limit:
        best = max(left, key=lambda at: ((1 - variety) * rest[at].score / top - variety * near[at], -at))
        left.discard(best)
        product = facts[rest[best].product_id]
        if not caps.take(product):
            continue
        chosen.append(rest[best])
        for at in left:
            near[at] = max(near[at], _alike(facts[rest[at].product_id], product))
    return chosen


def _alike(one: Facts, other: Facts) -> float:
    alike = SAME_BRAND if one.brand and one.brand == other.brand else 0.0
    if one.path and one.path == other.path:
        return min(alike + SAME_CATEGORY, 1.0)
    if one.path and other.path and one.path.partition("/")[0] == other.path.partition("/")[0]:
        return alike + SAME_BRANCH
    return alike
