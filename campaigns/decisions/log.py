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
from delivery.models import Message, MessageState, Run

HELD_OUT = "held-out"
#: The key in a message's context under which a launch leaves how a strategy was chosen.
CHOICE = "choice"

_PLACED = """
SELECT a.customer_id, v.key, v.levers->>'strategy', a.propensity, a.policy_version, a.wave_id
  FROM experiments_assignment a LEFT JOIN experiments_variant v ON v.id = a.variant_id
 WHERE a.experiment_id = %s AND a.customer_id = ANY(%s) AND a.multiple = 0
"""
# Who refuses to be profiled is in no model, hence not in the log that models learn from.
_NOTE = """
INSERT INTO recommendations_decision
       (id, customer_id, slot, context, eligible, action, propensity, policy_version, at)
SELECT met.id, met.customer_id, %s, %s::jsonb || jsonb_build_object('persona', persona.number),
       met.eligible, met.action, met.propensity, met.policy, met.at
  FROM unnest(%s::uuid[], %s::bigint[], %s::jsonb[], %s::jsonb[], %s::float8[], %s::text[], %s::timestamptz[])
       AS met (id, customer_id, eligible, action, propensity, policy, at)
  JOIN customers_customer customer ON customer.id = met.customer_id AND NOT customer.no_profiling
  LEFT JOIN profiles_customerprofile profile ON profile.customer_id = customer.id
  LEFT JOIN profiles_persona persona ON persona.id = profile.persona_id
 ORDER BY met.id
    ON CONFLICT (id) DO NOTHING
"""

Row = tuple[UUID, int, str, str, float, str, datetime]


def slot_of(campaign: Campaign) -> str:
    """Return the name of what a campaign chooses for, as `email:replenish`."""
    return f"{campaign.channel}:{campaign.objective}"


def note_choices(
    campaign: Campaign, run: Run, messages: Sequence[Message], at: Mapping[int, datetime]
) -> int:
    """Log what was chosen for the people of these messages; return how many decisions are new.

    A test's arm, held out or not, with the exact chance it had; else the strategy that was drawn by what is
    learned so far. Where nothing was chosen nothing is logged. `at` is when each message went, or would have
    gone, by its key. A repeat writes nothing. Two statements a batch, one without a test: 1,000 messages
    take about 25 ms.
    """
    rows = [] if campaign.experiment_id is None else _tested(campaign, run, messages, at)
    rows += _drawn(run, messages, at) if not rows else []
    if not rows:
        return 0
    context = {
        "run": str(run.pk), "campaign": str(campaign.pk), "days": window_of(campaign),
    }  # fmt: skip
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(_NOTE, [slot_of(campaign), orjson.dumps(context).decode(), *columns])
        return int(cursor.rowcount)


def window_of(campaign: Campaign) -> int:
    """Return within how many days an outcome counts."""
    return campaign.experiment.window_days if campaign.experiment else campaign.goal_days


def decision_id(run: Run, message: Message) -> UUID:
    """Return the id of a message's decision: in the order of its run, the same for a repeat."""
    return UUID(int=(run.pk.int >> 64 << 64) | 1 << 63 | message.pk)


def _tested(
    campaign: Campaign, run: Run, messages: Sequence[Message], at: Mapping[int, datetime]
) -> list[Row]:
    experiment = campaign.experiment
    assert experiment is not None  # noqa: S101  asked by the caller
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, [experiment.pk, [message.customer_id for message in messages]])
        placed = {customer: rest for customer, *rest in cursor.fetchall()}
    arms: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    eligible: dict[tuple[str, int | None, bytes], str] = {}
    rows: list[Row] = []
    for message in messages:
        if message.customer_id not in placed:
            continue
        key, strategy, propensity, policy, wave = placed[message.customer_id]
        if (policy, wave) not in arms:
            arms[policy, wave] = _arms(experiment, policy, wave)
        choice = message.context.get(CHOICE)
        if choice and key:
            strategy, propensity = message.context["strategy"], propensity * choice["p"]
        asked = (policy, wave, orjson.dumps(choice["among"]) if choice else b"")
        if asked not in eligible:
            eligible[asked] = orjson.dumps(_crossed(arms[policy, wave], choice)).decode()
        action = {"key": key or HELD_OUT, "kind": "message" if key else "none", "strategy": strategy}
        name = f"experiment:{experiment.key} {policy}"
        if choice and key:
            name = f"{choice['policy']} {name}"
        rows.append(
            _row(run, message, eligible[asked], action, propensity, name[:64], at)
        )  # fmt: skip
    return rows


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


def _drawn(run: Run, messages: Sequence[Message], at: Mapping[int, datetime]) -> list[Row]:
    rows = []
    for message in messages:
        choice = message.context.get(CHOICE)
        if not choice or message.state == MessageState.HELD_OUT:
            continue
        among = [{"key": key, "strategy": key, "p": p} for key, p in choice["among"].items()]
        strategy = message.context["strategy"]
        action = {"key": strategy, "kind": "message", "strategy": strategy}
        rows.append(
            _row(run, message, orjson.dumps(among).decode(), action, choice["p"], choice["policy"], at)
        )
    return rows


def _row(
    run: Run,
    message: Message,
    eligible: str,
    action: Mapping[str, Any],
    propensity: float,
    policy: str,
    at: Mapping[int, datetime],
) -> Row:
    return (
        decision_id(run, message), message.customer_id, eligible, orjson.dumps(action).decode(),
        propensity, policy, at[message.pk],
    )  # fmt: skip
