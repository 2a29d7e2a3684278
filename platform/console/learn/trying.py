"""Try the recommenders for one customer: what would be shown, why, and what each rule changed."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.page import Page
from core import clock
from customers.models import Customer
from customers.selectors import by_external_id
from recommendations.models import ListRule, Objective
from recommendations.online import Wish, for_customer
from recommendations.preview import compare, sample
from recommendations.reasons import sentence
from recommendations.state import State, state

USE = "email"
LENGTH = 10


class Try(Page):
    """A customer's products now, with reasons and rules."""

    permission_required = ("recommendations.view_strategy", "customers.view_customer")
    template_name = "console/recommendations/try.html"
    title = gettext_lazy("Try for a customer")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the list with and without the rules. Some fifteen queries."""
        asked = self.request.GET
        objective = asked.get("objective", "")
        objective = objective if objective in Objective.values else Objective.REPLENISH.value
        known = state()
        name = asked.get("customer", "").strip()[:200]
        customer = by_external_id(name) if name else next(iter(sample(objective, USE)), None)
        strategy = asked.get("strategy", "")
        version = known.version(USE, objective, strategy if strategy in known.versions else None)
        shown: dict[str, Any] = {}
        if customer is not None and version is not None:
            shown = _shown(customer, objective, strategy, known)
        return super().get_context_data(
            customer=customer,
            name=name or (customer.external_id if customer else ""),
            unknown=bool(name) and customer is None,
            objective=objective,
            objectives=Objective.choices,
            strategy=strategy,
            strategies=[(key, _(v.strategy.name)) for key, v in sorted(known.versions.items())],
            version=version,
            **shown,
            **kwargs,
        )


def _shown(customer: Customer, objective: str, strategy: str, known: State) -> dict[str, Any]:
    now = clock.now()
    until = clock.known_until(now)
    version = known.version(USE, objective, strategy if strategy in known.versions else None)
    if version is None:
        return {}
    wish = Wish(objective=objective, limit=LENGTH)
    after = for_customer(customer.pk, wish, version, known, now=now, until=until)
    bare = State(known.champions, known.versions, ())
    before = for_customer(customer.pk, wish, version, bare, now=now, until=until)
    effect = compare(customer, before.items, after.items)
    rules: tuple[ListRule, ...] = known.rules_for(objective, now)
    return {
        "lines": [(line, sentence(line.item.reason)) for line in effect.lines],
        "gone": effect.gone,
        "sources": sorted(after.sources.items(), key=lambda pair: -pair[1]),
        "rules": rules,
    }
