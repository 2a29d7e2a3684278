"""Recommend to the person in front of us: the list that is ready, what they did since, and what anybody buys.

Each place is filled by the first source that knows something, and says which it was:

*model*     the list computed beforehand
*folded*    the model, folded in anew because this person bought something since (the model at hand only)
*session*   products like those looked at, put into the cart or bought within a day
*popular*   what sells, for everybody: the fallback

Nothing here waits for a training or for a model's file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from events.models import EventType
from recommendations.folding import folded
from recommendations.models import ListRule, ModelVersion, Objective, ProductList
from recommendations.person import Near, Person, near_to, person
from recommendations.places import Facts, Filters, Place, facts_of
from recommendations.recent import (
    SESSION,
    WEIGHTS,
    Doing,
    bought_among,
    doings_of_visitor,
)
from recommendations.registries import messaged_skus
from recommendations.rules import apply_rules
from recommendations.selectors import Item, as_items, causes_of
from recommendations.state import State

#: How slowly a place's worth falls with its rank where list and session are joined.
FUSION = 10
#: A step back in the session counts so much less.
STEP = 0.85
#: So many of the newest products make a session.
DEEP = 10
#: So many are asked of a model where rules and filters may drop or move most of them, else so many times
#: what is wanted, for what has sold out.
DEPTH, SPARE = 100, 3
#: So many more than are wanted are looked up at first; what has sold out is seldom more.
MORE = 5
MODEL, FOLDED, SESSION_SOURCE, POPULAR = "model", "folded", "session", "popular"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asks for."""

    objective: str = Objective.REPLENISH
    limit: int = 10
    category: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    hide_bought: bool = False
    hide_seen: bool = False
    #: Leave out what messages showed since this moment.
    hide_messaged_since: datetime | None = None
    #: Skus the caller shows anyway, as those in the cart.
    hide: frozenset[str] = field(default_factory=frozenset)

    @property
    def leaves_out(self) -> bool:
        """Say whether anything is asked to be left out."""
        narrow = (self.category, self.low, self.high, self.hide_messaged_since)
        return self.hide_bought or self.hide_seen or bool(self.hide) or any(x is not None for x in narrow)

    def plain_filters(self, facts: Mapping[int, Facts]) -> Filters:
        """Return the filters that need to know nobody."""
        hidden = frozenset(pk for pk, product in facts.items() if product.sku in self.hide)
        return Filters(self.category, self.low, self.high, hidden)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown, and how many places each source filled."""

    items: list[Item]
    sources: Mapping[str, int]
    version: ModelVersion | None


def for_customer(
    customer_id: int, wish: Wish, version: ModelVersion, known: State, *, now: datetime, until: datetime
) -> Answer:
    """Return a customer's products by a version, with what they did since taken in.

    `until` is the shop's present (core.clock.known_until). Two to five queries, all by key.
    """
    found = person(customer_id, version.pk, wish.objective, until)
    return for_person(found, wish, version, known, now=now, until=until)


def for_person(
    who: Person, wish: Wish, version: ModelVersion, known: State, *, now: datetime, until: datetime
) -> Answer:
    """Return the same for a customer of whom all is known already. One to four queries."""
    since = who.computed_at
    fresh = [doing for doing in who.doings if since is None or doing.received_at > since]
    source, places = MODEL, who.places
    overtaken = since is None or any(doing.type == EventType.PURCHASE for doing in fresh)
    depth = DEPTH if known.rules or wish.leaves_out else min(SPARE * wish.limit, DEPTH)
    if overtaken and (anew := folded(version, who.id, wish.objective, until, depth)):
        source, places = FOLDED, anew
    session = _session(fresh, who.near)
    return _answer(places, source, who.doings, session, wish, version, known, now=now, customer_id=who.id)


def for_visitor(
    actor_id: int | None,
    wish: Wish,
    version: ModelVersion | None,
    known: State,
    *,
    now: datetime,
    until: datetime,
) -> Answer:
    """Return products for somebody without a name: like those of this session, else what sells."""
    doings = doings_of_visitor(actor_id, until - SESSION) if actor_id is not None else []
    near = near_to({doing.product_id for doing in doings}) if doings else {}
    session = _session(doings, near)
    return _answer([], MODEL, doings, session, wish, version, known, now=now, customer_id=None)


def _answer(
    own: Sequence[Place],
    source: str,
    doings: Sequence[Doing],
    session: Mapping[int, Place],
    wish: Wish,
    version: ModelVersion | None,
    known: State,
    *,
    now: datetime,
    customer_id: int | None,
) -> Answer:
    rules = known.rules_for(wish.objective, now)
    places, sources = _joined(own, source, session)
    pins = {rule.product_id for rule in rules if rule.kind == ListRule.Kind.PIN and rule.product_id}
    # Where only stock can drop a place, the first ones nearly always do.
    few = len(places) if rules or wish.leaves_out else wish.limit + MORE
    for portion in (places[:few], places):
        facts = facts_of({place.product_id for place in portion} | pins | causes_of(portion), rules)
        filters = _filters(wish, doings, pins, facts, customer_id)
        chosen = apply_rules(portion, facts, rules, wish.limit, filters)
        if len(chosen) == wish.limit or len(places) <= few:
            break
    if len(chosen) < wish.limit:
        popular = [p for p in general(ProductList.Kind.POPULAR) if p.product_id not in sources]
        more = facts_of((place.product_id for place in popular), rules)
        if customer_id is not None and (wish.hide_bought or wish.objective == Objective.DISCOVER):
            had = bought_among([customer_id], list(more)).get(customer_id, frozenset())
            filters = replace(filters, hidden=filters.hidden | had)
        facts |= more
        sources |= dict.fromkeys((place.product_id for place in popular), POPULAR)
        chosen = apply_rules([*places, *popular], facts, rules, wish.limit, filters)
    counts: dict[str, int] = {}
    for place in chosen:
        name = POPULAR if place.fallback else sources.get(place.product_id, "rule")
        counts[name] = counts.get(name, 0) + 1
    return Answer(as_items(chosen, facts), counts, version)


def general(kind: str) -> list[Place]:
    """Return a list that is the same for everybody, as places of the fallback. One query."""
    row = ProductList.objects.filter(kind=kind, product=None).values_list("product_ids", "scores").first()
    if row is None:
        return []
    part = "trending" if kind == ProductList.Kind.TRENDING else "fallback"
    return [Place(pk, score, {"part": part}, fallback=True) for pk, score in zip(row[0], row[1], strict=True)]


def _session(doings: Sequence[Doing], near: Near) -> dict[int, Place]:
    """Return products like those of a session, with the one that carried each.

    Worth is the sum of likenesses, weighted by what was done and how long ago in steps, divided by the
    largest.
    """
    touched: dict[int, str] = {}
    for doing in doings:
        touched.setdefault(doing.product_id, doing.type)
    newest = list(touched.items())[:DEEP]
    worth: dict[int, float] = {}
    carrier: dict[int, tuple[float, int]] = {}
    for step, (pk, kind) in enumerate(newest):
        weight = WEIGHTS[EventType(kind)] * STEP**step
        for other, likeness in near.get(pk, ()):
            if other in touched:
                continue
            share = weight * likeness
            worth[other] = worth.get(other, 0.0) + share
            if share > carrier.get(other, (0.0, 0))[0]:
                carrier[other] = (share, pk)
    top = max(worth.values(), default=1.0)
    places = {}
    for other, value in worth.items():
        cause = carrier[other][1]
        part = "bought" if touched[cause] == EventType.PURCHASE else "viewed"
        places[other] = Place(other, value / top, {"part": part, "because_id": cause})
    return places


def _joined(
    own: Sequence[Place], source: str, session: Mapping[int, Place]
) -> tuple[list[Place], dict[int, str]]:
    """Return the customer's own places and the session's as one list, and where each came from.

    Both take turns: a place is worth (K + 1) / (K + rank) of its list, whatever the scales of the two. A
    product that both know is worth its better place and keeps that one's reason; equal ones stand own first.
    The sum of both (Cormack, Clarke, Büttcher 2009) would let best-sellers, which stand somewhere in every
    list, bury what heads only one. Without a session the list stays as it is.
    """
    known = [place for place in own if not place.fallback]
    behind = [place for place in own if place.fallback and place.product_id not in session]
    sources = dict.fromkeys((place.product_id for place in behind), POPULAR)
    sources |= dict.fromkeys((place.product_id for place in known), source)
    if not session:
        return [*known, *behind], sources
    joined = {place.product_id: place._replace(score=_worth(rank)) for rank, place in enumerate(known)}
    for rank, place in enumerate(sorted(session.values(), key=lambda place: -place.score)):
        pk, worth = place.product_id, _worth(rank)
        if pk not in joined or worth > joined[pk].score:
            sources[pk] = SESSION_SOURCE
            joined[pk] = place._replace(score=worth)
    return [*sorted(joined.values(), key=lambda place: -place.score), *behind], sources


def _worth(rank: int) -> float:
    return (FUSION + 1) / (FUSION + rank + 1)


def _filters(
    wish: Wish,
    doings: Sequence[Doing],
    pins: Iterable[int],
    facts: Mapping[int, Facts],
    customer_id: int | None,
) -> Filters:
    """Return what must not appear, by product. At most two queries, only where something asks for them."""
    hidden: set[int] = set()
    if wish.hide_seen:
        hidden |= {doing.product_id for doing in doings if doing.type == EventType.VIEW}
    if wish.hide_bought or wish.objective == Objective.DISCOVER:
        hidden |= {doing.product_id for doing in doings if doing.type == EventType.PURCHASE}
        asked = list(facts) if wish.hide_bought else list(pins)
        # The model's own lists leave out what was bought when it learned; pins and sessions do not.
        asked = list(facts) if doings else asked
        if customer_id is not None and asked:
            hidden |= bought_among([customer_id], asked).get(customer_id, frozenset())
    skus = set(wish.hide)
    if wish.hide_messaged_since and customer_id is not None:
        skus |= messaged_skus(customer_id, wish.hide_messaged_since)
    if skus:
        hidden |= {pk for pk, product in facts.items() if product.sku in skus}
    return Filters(wish.category, wish.low, wish.high, frozenset(hidden))
