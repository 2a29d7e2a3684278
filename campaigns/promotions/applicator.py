"""Apply promotions to a cart: which of them, in which order, and why not the others.

1. A promotion is eligible when it runs, all its conditions hold and it gives something.
2. *Excludes all others*: of the eligible ones of this kind the one with the highest priority applies alone,
   unless one that combines has a higher priority; at the same priority whichever gives more.
3. *Always combines*: all of these apply, and whatever a paid deposit is worth.
4. *The best ones*: no line carries the discounts of two of these; of all choices the one applies that takes
   most off the cart (combination.py). Of those that take nothing off the lines – free shipping, a gift,
   points – one of each kind applies.

Discounts count from the price before any discount and are taken by priority, then by short name; a line
never goes below zero. The answer does not depend on the order in which promotions are given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _

from core.money import convert, minor_unit

from .benefits import Benefit, Discounts, Gain
from .carts import Cart, Situation
from .combination import Choice, best
from .conditions import Condition
from .results import Discount, Extra, NotApplied, Result, Search
from .selections import Selection
from .vocabulary import parts_of


@dataclass(frozen=True)
class Offer:
    """A promotion as the applicator sees it. `barred` is a reason known beforehand: (code, sentence).

    It holds in its own currency, in which its budget is kept, and in those of `also_in`; `prices` says
    whether its amounts of money are meant with tax or without, "" where it states none.
    """

    slug: str
    conditions: tuple[Condition, ...]
    benefit: Benefit
    stacking: str
    priority: int
    currency: str
    budget_left: Decimal | None = None
    barred: tuple[str, str] | None = None
    also_in: frozenset[str] = frozenset()
    prices: str = ""

    @cached_property
    def needs(self) -> frozenset[str]:
        """Return what its rules ask for: of the shopper, and `catalogue` where categories or brands count."""
        needs = self.benefit.needs.union(*(condition.needs for condition in self.conditions))
        selections = parts_of((self.conditions, self.benefit), Selection)
        return needs | {"catalogue"} if any(s.categories or s.brands for s in selections) else needs


@dataclass(frozen=True, eq=False)
class _Candidate:
    offer: Offer
    gain: Gain
    amount: Decimal

    @cached_property
    def is_better(self) -> str:
        """Return what those hear in whose place it applies, who may be many."""
        return _("“%(slug)s” is the better one.") % {"slug": self.offer.slug}

    @property
    def combines(self) -> bool:
        # What a deposit is worth was paid for.
        return self.offer.stacking == "always" or self.offer.benefit.kind == "deposit"


def apply(offers: Iterable[Offer], situation: Situation) -> Result:
    """Return the cart with its discounts. 20 lines and 200 promotions take about 2 ms."""
    candidates, refused = [], []
    judge = _Judge(situation)
    for offer in sorted(offers, key=lambda o: (-o.priority, o.slug)):
        judged = judge.judge(offer)
        if isinstance(judged, NotApplied):
            refused.append(judged)
        else:
            candidates.append(judged)
    chosen, passed_over, search = _choose(candidates, situation.cart)
    return _take(chosen, [*refused, *passed_over], situation.cart, search)


class _Judge:
    """Judges offers one by one on a situation.

    What several of them share – the very same condition or benefit, which `running` reads once – is asked
    once. A benefit that goes by what was paid on its own promotion is no such thing.
    """

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.nothing = _("Nothing in the cart gets cheaper by this offer.")
        self._missing: dict[int, str | None] = {}
        self._gains: dict[int, tuple[Gain, Decimal]] = {}

    def judge(self, offer: Offer) -> _Candidate | NotApplied:
        """Say what the offer gives by itself, or why it gives nothing."""
        cart = self.situation.cart
        if offer.barred:
            return NotApplied(offer.slug, *offer.barred)
        if cart.currency != offer.currency and cart.currency not in offer.also_in:
            held = ", ".join([offer.currency, *sorted(offer.also_in)])
            reason = _("This offer holds in %(currency)s.") % {"currency": held}
            return NotApplied(offer.slug, "currency", reason)
        if offer.prices and offer.prices != cart.prices:
            reason = (
                _("The amounts of this offer are meant with tax, the cart's are without.")
                if offer.prices == "gross"
                else _("The amounts of this offer are meant without tax, the cart's are with it.")
            )
            return NotApplied(offer.slug, "prices", reason)
        for condition in offer.conditions:
            if (missing := self._missing_of(condition)) is not None:
                return NotApplied(offer.slug, "condition", missing)
        gain, amount = self._gain_of(offer)
        if not gain.is_something:
            return NotApplied(offer.slug, "nothing", self.nothing)
        if offer.budget_left is not None and amount:
            counted = convert(amount, cart.currency, offer.currency)
            if counted is None:
                reason = _("This offer's budget cannot be counted in %(currency)s: there is no rate.")
                return NotApplied(offer.slug, "currency", reason % {"currency": cart.currency})
            if counted > offer.budget_left:
                return NotApplied(offer.slug, "budget", _("This offer's budget is used up."))
        return _Candidate(offer, gain, amount)

    def _missing_of(self, condition: Condition) -> str | None:
        known = self._missing
        if id(condition) not in known:
            known[id(condition)] = condition.missing(self.situation)
        return known[id(condition)]

    def _gain_of(self, offer: Offer) -> tuple[Gain, Decimal]:
        known = self._gains.get(id(offer.benefit))
        if known is None:
            gain = offer.benefit.gain(self.situation, offer.slug)
            known = gain, gain.amount
            if not offer.benefit.needs:
                self._gains[id(offer.benefit)] = known
        return known


def _choose(candidates: list[_Candidate], cart: Cart) -> tuple[list[_Candidate], list[NotApplied], Search]:
    """Pick by the stacking rules from candidates in order of priority."""
    others = [c for c in candidates if c.combines or c.offer.stacking != "never"]
    exclusive = [c for c in candidates if not c.combines and c.offer.stacking == "never"]
    combined, passed_over, search = _combine(others, cart)
    if not exclusive:
        return combined, passed_over, search
    sole = max(exclusive, key=lambda c: (c.offer.priority, c.amount))
    rank = max((c.offer.priority for c in others), default=sole.offer.priority - 1)
    together = sum(_capped(combined, cart).values(), Decimal(0))
    if (sole.offer.priority, sole.amount) >= (rank, together):
        reason = _("“%(slug)s” applies and excludes all others.") % {"slug": sole.offer.slug}
        rest = [NotApplied(c.offer.slug, "excluded", reason) for c in candidates if c is not sole]
        return [sole], rest, Search()
    reason = (
        _("It excludes all others, and one of them has a higher priority.")
        if rank > sole.offer.priority
        else _("It excludes all others, which together give more.")
    )
    return (
        combined,
        [*passed_over, *(NotApplied(c.offer.slug, "excluded", reason) for c in exclusive)],
        search,
    )


def _combine(candidates: list[_Candidate], cart: Cart) -> tuple[list[_Candidate], list[NotApplied], Search]:
    """Take all that always combine and the best of the rest."""
    always = [c for c in candidates if c.combines]
    common = [c for c in candidates if not c.combines]
    priced = [c for c in common if c.amount]
    picked, passed_over, choice = _best_priced(priced, always, cart)
    for kind in sorted({c.offer.benefit.kind for c in common if not c.amount}):
        # The first has the highest priority, then the earliest short name.
        winner, *rest = [c for c in common if not c.amount and c.offer.benefit.kind == kind]
        picked.append(winner)
        passed_over += [_worse(c, winner) for c in rest]
    taken = {*always, *picked}
    chosen = [c for c in candidates if c in taken]
    return chosen, passed_over, Search(choice.complete, choice.branches)


def _best_priced(
    priced: list[_Candidate], always: list[_Candidate], cart: Cart
) -> tuple[list[_Candidate], list[NotApplied], Choice]:
    """Choose of those that lower prices, beside what always combines."""
    taken = _capped(always, cart)
    digits = -int(minor_unit(cart.currency).as_tuple().exponent)
    # Whole minor units from here on: the search adds and compares a great many of them.
    rooms = [int((amount - taken.get(i, 0)).scaleb(digits)) for i, amount in enumerate(cart.amounts)]
    gains = [
        {i: gain for i, off in c.gain.discounts.items() if (gain := min(int(off.scaleb(digits)), rooms[i]))}
        for c in priced
    ]
    choice = best(gains)
    picked = [c for k, c in enumerate(priced) if k in choice.chosen]
    passed_over = []
    for k, candidate in enumerate(priced):
        if k in choice.chosen:
            continue
        lines = candidate.gain.discounts.keys()
        rivals = [r for r in picked if not lines.isdisjoint(r.gain.discounts)]
        if gains[k] and rivals:
            passed_over.append(_worse(candidate, max(rivals, key=lambda r: r.amount)))
        else:
            passed_over.append(_nothing_left(candidate))
    return picked, passed_over, choice


def _take(chosen: Sequence[_Candidate], refused: Sequence[NotApplied], cart: Cart, search: Search) -> Result:
    """Take the discounts off the lines, one promotion after the other."""
    room, refused = list(cart.amounts), list(refused)
    lines: list[list[Discount]] = [[] for _line in cart.lines]
    applied, extras = [], []
    for candidate in chosen:
        offer, gain = candidate.offer, candidate.gain
        sentence = offer.benefit.sentence(cart.currency)
        extra = gain.free_shipping or gain.gift or gain.points or gain.deposit
        taken = {i: off for i, wanted in gain.discounts.items() if (off := min(wanted, room[i]))}
        if not extra and not taken:
            refused.append(_nothing_left(candidate))
            continue
        applied.append(offer.slug)
        if extra:
            extras.append(
                Extra(offer.slug, sentence, gain.free_shipping, gain.gift, gain.points, gain.deposit)
            )
        for i, amount in taken.items():
            room[i] -= amount
            lines[i].append(Discount(offer.slug, amount, sentence))
    return Result(
        cart,
        tuple(tuple(line) for line in lines),
        tuple(sorted(refused, key=lambda n: n.promotion)),
        tuple(applied),
        tuple(extras),
        search,
    )


def _capped(candidates: Sequence[_Candidate], cart: Cart) -> Discounts:
    """Return what candidates take off each line together."""
    wanted: Discounts = {}
    for candidate in candidates:
        for i, off in candidate.gain.discounts.items():
            wanted[i] = wanted.get(i, Decimal(0)) + off
    return {i: min(off, cart.amounts[i]) for i, off in wanted.items()}


def _worse(candidate: _Candidate, winner: _Candidate) -> NotApplied:
    return NotApplied(candidate.offer.slug, "better_offer", winner.is_better)


def _nothing_left(candidate: _Candidate) -> NotApplied:
    return NotApplied(candidate.offer.slug, "nothing_left", _("Other offers already took the price to zero."))
