"""What a rule would do: the lists of a few customers, before and after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer
from recommendations.models import ListRule, RecommendationList
from recommendations.selectors import Item, lists_for
from recommendations.state import state

SHOWN = 6
LENGTH = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One product of a list: where it stands after, and where it stood before (None: not at all)."""

    item: Item
    was: int | None

    @property
    def moved(self) -> int:
        """Return how many places it rose; below 0, fell; 0 also for one that is new."""
        return self.was - self.item.rank if self.was else 0


@dataclass(frozen=True, slots=True)
class Effect:
    """A customer's list with the rules, and what is no longer on it."""

    customer: Customer
    lines: Sequence[Line]
    gone: Sequence[Item]

    @property
    def changed(self) -> bool:
        """Say whether anything is different."""
        return bool(self.gone) or any(line.was != line.item.rank for line in self.lines)


def effect_of(
    rule: ListRule, *, objective: str, use: str, now: datetime, customers: Sequence[Customer] | None = None
) -> list[Effect]:
    """Return the lists of a few customers without and with a rule that need not be stored. Ten queries."""
    others = [known for known in state().rules_for(objective, now) if known.pk != rule.pk]
    people = list(customers) if customers is not None else sample(objective, use)
    ids = [person.pk for person in people]
    before = lists_for(ids, use=use, objective=objective, limit=LENGTH, rules=others)
    after = lists_for(ids, use=use, objective=objective, limit=LENGTH, rules=[*others, rule])
    return [compare(person, before.get(person.pk, []), after.get(person.pk, [])) for person in people]


def compare(customer: Customer, before: Sequence[Item], after: Sequence[Item]) -> Effect:
    """Return two lists of one customer as what changed between them."""
    places = {item.product_id: item.rank for item in before}
    kept = {item.product_id for item in after}
    return Effect(
        customer,
        [Line(item, places.get(item.product_id)) for item in after],
        [item for item in before if item.product_id not in kept],
    )


def sample(objective: str, use: str) -> list[Customer]:
    """Return a few customers with lists of their own, always the same ones."""
    version = state().version(use, objective)
    if version is None:
        return []
    lists = RecommendationList.objects.filter(model_version=version, objective=objective, fallback=False)
    ids = lists.order_by("customer_id").values_list("customer_id", flat=True)[:SHOWN]
    return list(Customer.objects.filter(pk__in=list(ids)).order_by("pk"))
