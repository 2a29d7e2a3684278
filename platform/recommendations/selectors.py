"""What may be read of the recommendations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from core import clock
from recommendations.models import ListRule, ModelVersion, Objective, RecommendationList, TuningDecision
from recommendations.places import Facts, Filters, Place, facts_of
from recommendations.recent import bought_among
from recommendations.rules import apply_rules, matches
from recommendations.services.lists import ensure_lists
from recommendations.state import state
from recommender.errors import ArtifactError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A recommended product, ready to be shown."""

    product_id: int
    sku: str
    name: str
    price: Decimal | None
    currency: str
    url: str
    image_url: str
    score: float
    reason: dict[str, Any]
    fallback: bool
    rank: int
    rules: tuple[str, ...] = ()


def champion(use: str, objective: str) -> str | None:
    """Return the key of the strategy that serves a use, or None before the first training."""
    return state().champion(use, objective)


def version_at(strategy: str, as_of: datetime) -> ModelVersion | None:
    """Return the newest version of a strategy that was trained as of exactly this moment."""
    return ModelVersion.objects.filter(strategy__key=strategy, as_of=as_of).order_by("-created_at").first()


def serving_version(strategy: str) -> ModelVersion | None:
    """Return the version of a strategy whose turn it is."""
    return state().versions.get(strategy)


def lists_for(
    customer_ids: Sequence[int],
    *,
    use: str,
    objective: str,
    limit: int,
    strategy: str | None = None,
    rules: Sequence[ListRule] | None = None,
) -> dict[int, list[Item]]:
    """Return each customer's list by a strategy, or by the champion of the use, as the rules have it.

    Products that were switched off or sold out since are left out. Three queries for any number of
    customers beside what state() reads, one more where something is pinned; missing lists are computed,
    unless the stored model cannot be read, which is logged. Customers without any list are absent from
    the answer. `rules` stands in for the shop's own: that is how a rule's effect is looked at before.
    """
    known = state()
    version = known.version(use, objective, strategy)
    if version is None:
        return {}
    try:
        ensure_lists(version, objective, customer_ids)
    except ArtifactError as error:
        # A damaged model must not take down a page or a mailing: what was computed before still serves.
        log.error("model_unreadable", version=str(version.pk), error=str(error))
    rows = RecommendationList.objects.filter(
        model_version=version, objective=objective, customer_id__in=customer_ids
    ).values_list("customer_id", "product_ids", "scores", "reasons")
    places = {customer: stored_places(*stored) for customer, *stored in rows}
    if rules is None:
        rules = known.rules_for(objective, clock.now())
    pins = {rule.product_id for rule in rules if rule.kind == ListRule.Kind.PIN and rule.product_id}
    everything = [place for own in places.values() for place in own]
    facts = facts_of(pins | {place.product_id for place in everything} | causes_of(everything), rules)
    # Who discovers is not shown what was bought, pinned or not.
    bought = bought_among(list(places), pins) if pins and objective == "discover" else {}
    return {
        customer: as_items(
            apply_rules(
                own,
                facts,
                rules,
                limit,
                Filters(hidden=bought.get(customer, frozenset())),
            ),
            facts,
        )
        for customer, own in places.items()
    }


def allowed(product_ids: Iterable[int]) -> set[int]:
    """Return those of products chosen by hand that can be offered and that no rule excludes. One query."""
    excluded = [
        rule
        for rule in state().rules_for(Objective.DISCOVER, clock.now())
        if rule.kind == ListRule.Kind.EXCLUDE
    ]
    facts = facts_of(product_ids, excluded)
    return {pk for pk, product in facts.items() if not any(matches(rule, product) for rule in excluded)}


def stored_places(ids: Iterable[int], scores: Iterable[float], reasons: Iterable[str]) -> list[Place]:
    """Return the places of a stored list; a reason is a part, and `:` with the product that carried it."""
    places = []
    for pk, score, reason in zip(ids, scores, reasons, strict=True):
        part, _, cause = reason.partition(":")
        said: dict[str, Any] = {"part": part, "because_id": int(cause)} if cause else {"part": part}
        places.append(Place(pk, score, said, fallback=part == "fallback"))
    return places


def causes_of(places: Iterable[Place]) -> set[int]:
    """Return the products that carried places, whose names their reasons need."""
    return {place.reason["because_id"] for place in places if "because_id" in place.reason}


def reason_of(place: Place, facts: Mapping[int, Facts]) -> dict[str, Any]:
    """Return a place's reason with the name of what carried it; what is no longer sold is not named."""
    reason = dict(place.reason)
    cause = reason.pop("because_id", None)
    if cause is not None and (product := facts.get(cause)):
        reason |= {"because": product.name, "because_sku": product.sku}
    return reason


def as_items(places: Iterable[Place], facts: Mapping[int, Facts]) -> list[Item]:
    """Return chosen places ready to be shown."""
    items = []
    for rank, place in enumerate(places, start=1):
        product = facts[place.product_id]
        items.append(
            Item(
                product_id=product.pk,
                sku=product.sku,
                name=product.name,
                price=product.price,
                currency=product.currency,
                url=product.url,
                image_url=product.image_url,
                score=place.score,
                reason=reason_of(place, facts),
                fallback=place.fallback,
                rank=rank,
                rules=place.rules,
            )
        )
    return items


def tuning_history(
    *, kind: str = "", subject: str = "", states: Sequence[str] = (), limit: int = 50
) -> list[TuningDecision]:
    """Return what measurements decided or propose, newest first, with who decided. One query."""
    found = TuningDecision.objects.select_related("decided_by", "reverted_by").order_by("-created_at", "-pk")
    if kind:
        found = found.filter(kind=kind)
    if subject:
        found = found.filter(use=subject)
    if states:
        found = found.filter(state__in=states)
    return list(found[:limit])
