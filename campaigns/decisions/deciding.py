"""Decide what a slot shows to the person in front of us: products by a strategy, an offer, or nothing.

A running experiment that has the slot's name decides for customers by its arms, and its hold-out sees
nothing; the call counts as meeting the test.
Otherwise the first action is the one believed best, and the others get a small share between them, so
that their worth stays known. Either way each action that could have been has its probability, stored
with the decision; they sum to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings

from campaigns.coupons.offers import usable
from campaigns.experiments.models import Experiment
from campaigns.experiments.placing import meet, place
from campaigns.experiments.statistics.assignment import Arm, propensities
from core.ids import uuid7
from customers.models import Customer
from recommendations.online import Answer, Wish, for_customer, for_visitor
from recommendations.services.decisions import note
from recommendations.state import State

#: What the other actions get between them where no experiment decides.
EXPLORE = 0.1
#: So many offers take part at most.
OFFERS = 5
HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a slot can show, with its probability."""

    key: str
    kind: str
    p: float
    strategy: str = ""
    offer: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is stored of it."""
        return {"key": self.key, "kind": self.kind, "p": self.p}


@dataclass(frozen=True, slots=True)
class Who:
    """The person in front of us: a customer, a visitor by identifier, or nobody we know."""

    customer: Customer | None = None
    actor_id: int | None = None

    @property
    def unit(self) -> str:
        """Return the name under which chance treats this person alike each time."""
        if self.customer is not None:
            return self.customer.external_id
        return f"visitor:{self.actor_id}" if self.actor_id is not None else str(uuid7())


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided."""

    id: UUID
    action: Action
    eligible: Sequence[Action]
    policy_version: str
    answer: Answer | None


def decide(
    slot: str, who: Who, wish: Wish, kinds: Sequence[str], known: State, *, now: datetime, until: datetime
) -> Decided | None:
    """Choose one action for a slot and a person and store the decision. None: nothing can be shown.

    Seven to twelve queries. Within a day the same person gets the same draw.
    """
    experiment = Experiment.objects.filter(
        key=slot, kind=Experiment.Kind.LIVE, state=Experiment.State.RUNNING
    ).first()
    tested = _by_experiment(experiment, who.customer, now) if experiment and who.customer else None
    if experiment is not None and tested is not None:
        eligible, chosen = tested
        policy = f"experiment:{experiment.key}"
    else:
        eligible = _actions(who, kinds, wish, known, now)
        if not eligible:
            return None
        chosen = _drawn(eligible, f"{slot}:{until:%Y-%m-%d}:{who.unit}")
        policy = f"explore:{EXPLORE:g}"
    answer = _answer(chosen, who, wish, known, now=now, until=until)
    shown: Any = [item.sku for item in answer.items] if answer else []
    decision = note(
        slot=slot,
        action={"key": chosen.key, "kind": chosen.kind, "shown": chosen.offer or shown},
        now=now,
        customer_id=who.customer.pk if who.customer else None,
        actor_id=who.actor_id,
        context={"objective": wish.objective, "sources": answer.sources if answer else {}},
        eligible=[action.as_json() for action in eligible],
        propensity=chosen.p,
        policy_version=policy,
    )
    return Decided(decision, chosen, eligible, policy, answer)


def _by_experiment(
    experiment: Experiment, customer: Customer, now: datetime
) -> tuple[list[Action], Action] | None:
    """Return the arms as actions and the customer's own, given out at the first call and met with this one.

    None for somebody outside of the test's layer. Who is in the global control group is held out here too.
    """
    [placed] = place(experiment, [customer.external_id], now=now)
    if placed.reason == "control_group":
        alone = Action(HELD_OUT, "none", 1.0)
        return [alone], alone
    if placed.propensity is None:
        return None
    meet(experiment, {customer.external_id: now})
    variants = list(experiment.variants.order_by("id"))
    held = float(experiment.holdout_share)
    shares = propensities([Arm(variant.key, variant.weight) for variant in variants])
    chances = {key: (1 - held) * share for key, share in shares.items()} | ({HELD_OUT: held} if held else {})
    own = placed.variant or HELD_OUT
    # A wave that learned has other shares than planned; the stored one is right, the others keep their ratio.
    others = sum(chance for key, chance in chances.items() if key != own)
    scale = (1 - placed.propensity) / others if others else 0.0
    actions = {
        variant.key: _of_levers(variant.key, variant.levers, chances[variant.key] * scale)
        for variant in variants
    }
    if held:
        actions[HELD_OUT] = Action(HELD_OUT, "none", held * scale)
    actions[own] = replace(actions[own], p=placed.propensity)
    return list(actions.values()), actions[own]


def _of_levers(key: str, levers: Mapping[str, Any], p: float) -> Action:
    return Action(key, "products", p, strategy=str(levers.get("strategy") or ""))


def _actions(who: Who, kinds: Sequence[str], wish: Wish, known: State, now: datetime) -> list[Action]:
    """Return what could be shown without an experiment, the one believed best first, with probabilities."""
    keys: list[tuple[str, str, str, Mapping[str, Any] | None]] = []
    if "products" in kinds:
        champion = known.champion("email", wish.objective)
        keys.append((f"products:{champion or 'popular'}", "products", champion or "", None))
    if "offer" in kinds:
        offers = usable(who.customer, now=now, currency=settings.SHOP_CURRENCY, limit=OFFERS)
        keys += [(f"offer:{o.promotion}:{o.code}".rstrip(":"), "offer", "", asdict(o)) for o in offers]
    if not keys:
        return []
    others = len(keys) - 1
    chances = [1.0] if not others else [1 - EXPLORE, *[EXPLORE / others] * others]
    return [
        Action(key, kind, p, strategy, offer)
        for (key, kind, strategy, offer), p in zip(keys, chances, strict=True)
    ]


def _drawn(actions: Sequence[Action], seed: str) -> Action:
    """Draw by the probabilities; the same seed draws the same."""
    point = int.from_bytes(sha256(seed.encode()).digest()[:8]) / 2**64
    for action in actions:
        point -= action.p
        if point < 0:
            return action
    return actions[0]


def _answer(
    action: Action, who: Who, wish: Wish, known: State, *, now: datetime, until: datetime
) -> Answer | None:
    if action.kind != "products":
        return None
    version = known.version("email", wish.objective, action.strategy or None)
    if who.customer is None or version is None:
        return for_visitor(who.actor_id, wish, version, known, now=now, until=until)
    return for_customer(who.customer.pk, wish, version, known, now=now, until=until)
