"""The log of what campaigns chose for whom: context, what could have been, what was, with which chance."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from campaigns.experiments.models import Experiment
from campaigns.experiments.services import chances
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from delivery.models import Message, MessageState, Run

HELD_OUT = "held-out"
#: The key in a message's context under which a launch leaves how a strategy was chosen.
CHOICE = "choice"

_PLACED = """
SELECT a.customer_id, v.key, v.levers->>'strategy', a.propensity, a.policy_version, a.wave_id
  FROM unnest(%s::bigint[]) AS met (customer_id)
  JOIN experiments_assignment a ON a.experiment_id = %s AND a.customer_id = met.customer_id AND a.multiple = 0
  LEFT JOIN experiments_variant v ON v.id = a.variant_id
"""
# Who refuses to be profiled is in no model, hence not in the log that models learn from. What a batch has in
# common comes once: `met` names it by its place.
_NOTE = """
INSERT INTO recommendations_decision
       (id, customer_id, slot, context, eligible, action, propensity, policy_version, at)
SELECT met.id, met.customer_id, %s, %s::jsonb || jsonb_build_object('persona', persona.number),
       chosen.eligible, chosen.action, chosen.propensity, chosen.policy, met.at
  FROM unnest(%s::uuid[], %s::bigint[], %s::int[], %s::timestamptz[]) AS met (id, customer_id, place, at)
  JOIN unnest(%s::jsonb[], %s::jsonb[], %s::float8[], %s::text[])
       WITH ORDINALITY AS chosen (eligible, action, propensity, policy, place) ON chosen.place = met.place
  JOIN customers_customer customer ON customer.id = met.customer_id AND NOT customer.no_profiling
  LEFT JOIN profiles_customerprofile profile ON profile.customer_id = customer.id
  LEFT JOIN profiles_persona persona ON persona.id = profile.persona_id
 ORDER BY met.id
    ON CONFLICT (id) DO NOTHING
"""

#: What could have been, what was, its chance, and the policy.
Chosen = tuple[str, str, float, str]


def slot_of(campaign: Campaign) -> str:
    """Return the name of what a campaign chooses for, as `email:replenish`."""
    return f"{campaign.channel}:{campaign.objective}"


def note_choices(
    campaign: Campaign, run: Run, messages: Sequence[Message], at: Mapping[int, datetime]
) -> int:
    """Log what was chosen for the people of these messages; return how many decisions are new.

    A test's arm, held out or not, with the exact chance it had; else the strategy that was drawn by what is
    learned so far. Where nothing was chosen nothing is logged; nor of a replay, which treated nobody: what
    its people did is history, of which no arm is the cause. `at` is when each message went, or would have
    gone, by its key. A repeat writes nothing. Two statements a batch, one without a test: 1,000 messages
    take about 130 ms, 18 of them in this process, and 580 bytes each.
    """
    if campaign.experiment is not None and campaign.experiment.kind == Experiment.Kind.REPLAY:
        return 0
    chosen = {} if campaign.experiment_id is None else _tested(campaign, messages)
    chosen = chosen or _drawn(messages)
    if not chosen:
        return 0
    places: dict[Chosen, int] = {}
    rows = [
        (str(decision_id(run, m)), m.customer_id, places.setdefault(chosen[m.pk], len(places) + 1), at[m.pk])
        for m in messages
        if m.pk in chosen
    ]
    context = {"run": str(run.pk), "campaign": str(campaign.pk), "days": window_of(campaign)}
    if campaign.timing == Timing.TRIGGERED:
        context["turn"] = run.launch[: len("2026-11")]
    with connection.cursor() as cursor:
        columns = [list(column) for column in (*zip(*rows, strict=True), *zip(*places, strict=True))]
        cursor.execute(_NOTE, [slot_of(campaign), orjson.dumps(context).decode(), *columns])
        return int(cursor.rowcount)


def window_of(campaign: Campaign) -> int:
    """Return within how many days an outcome counts."""
    return campaign.experiment.window_days if campaign.experiment else campaign.goal_days


def decision_id(run: Run, message: Message) -> UUID:
    """Return the id of a message's decision: in the order of its run, the same for a repeat."""
    return UUID(int=(run.pk.int >> 64 << 64) | 1 << 63 | message.pk)


def _tested(campaign: Campaign, messages: Sequence[Message]) -> dict[int, Chosen]:
    """Return by message the arm of the test, crossed with the strategy that was drawn if there is one."""
    experiment = campaign.experiment
    assert experiment is not None  # noqa: S101  asked by the caller
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, [[message.customer_id for message in messages], experiment.pk])
        placed = {customer: tuple(rest) for customer, *rest in cursor.fetchall()}
    known: dict[Any, Chosen] = {}
    found: dict[int, Chosen] = {}
    for message in messages:
        if message.customer_id not in placed:
            continue
        place, choice = placed[message.customer_id], message.context.get(CHOICE)
        drawn = (orjson.dumps(choice), message.context["strategy"]) if choice else None
        if (place, drawn) not in known:
            known[place, drawn] = _arm(experiment, place, choice, message.context.get("strategy"))
        found[message.pk] = known[place, drawn]
    return found


def _arm(
    experiment: Experiment,
    place: tuple[Any, ...],
    choice: Mapping[str, Any] | None,
    drawn: str | None,
) -> Chosen:
    key, strategy, propensity, policy, wave = place
    name = f"experiment:{experiment.key} {policy}"
    eligible = _crossed(_arms(experiment, policy, wave), choice)
    if choice and key:
        strategy, propensity, name = drawn, propensity * choice["p"], f"{choice['policy']} {name}"
    action = {"key": key or HELD_OUT, "kind": "message" if key else "none", "strategy": strategy}
    return orjson.dumps(eligible).decode(), orjson.dumps(action).decode(), propensity, name[:64]


def _arms(experiment: Experiment, policy: str, wave: int | None) -> list[dict[str, Any]]:
    """Return what could have been under a policy, with exact chances that sum to 1."""
    found: list[dict[str, Any]] = [
        {"key": variant.key, "strategy": variant.levers.get("strategy"), "p": p}
        for variant, p in chances(experiment, policy, wave)
    ]
    if experiment.holdout_share:
        held = 1 - sum(one["p"] for one in found)
        found.append({"key": HELD_OUT, "strategy": None, "p": round(held, 10)})
    return found


def _crossed(arms: Sequence[Mapping[str, Any]], choice: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Return the arms, each with every strategy that could have been drawn beside it."""
    if not choice:
        return list(arms)
    among = choice["among"].items()
    crossed: list[Mapping[str, Any]] = [
        {"key": arm["key"], "strategy": strategy, "p": arm["p"] * p}
        for arm in arms if arm["key"] != HELD_OUT
        for strategy, p in among
    ]  # fmt: skip
    return crossed + [arm for arm in arms if arm["key"] == HELD_OUT]


def _drawn(messages: Sequence[Message]) -> dict[int, Chosen]:
    """Return by message the strategy that was drawn for its person; those without are not in it."""
    found: dict[int, Chosen] = {}
    for message in messages:
        choice = message.context.get(CHOICE)
        if not choice or message.state == MessageState.HELD_OUT:
            continue
        among = [{"key": key, "strategy": key, "p": p} for key, p in choice["among"].items()]
        strategy = message.context["strategy"]
        action = {"key": strategy, "kind": "message", "strategy": strategy}
        found[message.pk] = (
            orjson.dumps(among).decode(), orjson.dumps(action).decode(), choice["p"], choice["policy"]
        )  # fmt: skip
    return found
