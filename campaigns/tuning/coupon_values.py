"""Learn the shares of coupon values by margin a person met, from one campaign's test to the next."""

from datetime import datetime
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction

from campaigns.experiments.live.facts import outcomes, read
from campaigns.experiments.models import Experiment, Metric
from campaigns.learning.coupon_values import ALONE, CouponValues
from campaigns.learning.memory import KEPT, Outcome, Wave
from campaigns.margins import of_shop
from campaigns.planning.models import campaign_rules
from campaigns.tuning.standing import COUPON_VALUES, holds
from campaigns.values import MEMORY, SHARES, SUBJECT
from customers.models import Customer
from recommendations.models import Posterior, TuningDecision
from recommendations.services.tuning import Expected, Figures, propose

#: Everybody alike: shares that differed by person would be a price by person.
EVERYBODY = ("everybody",)
#: Smaller moves of a share are not worth a decision.
MOVED = 0.02


@transaction.atomic
def learn_coupon_values(*, now: datetime) -> list[TuningDecision]:
    """Count tests of values whose window is over and propose the shares that the next one begins with.

    Everybody met counts, those held out as left alone; who refused to be profiled is in no count. Each test
    is counted once, about 3 s for a million people, 5 ms for a thousand.
    """
    stored = holds(SUBJECT, MEMORY)
    known = {wave["key"] for wave in stored.get("waves", ())}
    waves = [wave for test in _tests(known) if (wave := _counted(test, now)) is not None]
    if not waves:
        return []
    state = _state(stored, waves).updated(waves)
    Posterior.objects.update_or_create(
        subject=SUBJECT, key=MEMORY, defaults={"parameters": state.as_json(), "updated_at": now}
    )
    before = holds(SUBJECT, SHARES)
    after = {value: round(share, 4) for value, share in state.weights(EVERYBODY).items()}
    if before and max(abs(after[v] - before.get(v, 0.0)) for v in after) < MOVED:
        after = before
    evidence = Figures(
        f"values:{waves[-1].key}",
        now,
        {"tests": [wave.key for wave in waves], "arms": _told(state)},
    )
    return [
        propose(
            COUPON_VALUES.key,
            SUBJECT,
            evidence=evidence,
            before=before,
            after=after,
            expected=_expected(state, before, after),
            now=now,
        )
    ]


def _tests(known: set[str]) -> list[Experiment]:
    """Return live tests of values that are not counted yet, oldest first. One query."""
    found = Experiment.objects.filter(
        kind=Experiment.Kind.LIVE, variants__levers__has_key="value", starts_at__isnull=False
    )
    return list(found.exclude(key__in=known).distinct().order_by("starts_at")[:KEPT])


def _counted(test: Experiment, now: datetime) -> Wave | None:
    """Return what the people of a test did; None while a window is open or nobody met it."""
    window = max(
        test.metrics.filter(role=Metric.Role.PRIMARY).values_list("window_days", flat=True), default=28
    )
    known = of_shop(until=now)
    share = float(known.share) if known else float(settings.MARGIN_SHARE)
    frame = outcomes(
        read(test, before_days=0, as_of=now), window_days=window, before_days=0, margin_share=share
    )
    if frame.is_empty() or not frame["closed"].all():
        return None
    refused = Customer.objects.filter(no_profiling=True, assignments__experiment=test)
    frame = frame.filter(~pl.col("customer_id").is_in(list(refused.values_list("pk", flat=True))))
    arms = {pk: str(levers["value"]) for pk, levers in test.variants.values_list("pk", "levers")} | {0: ALONE}
    sums = frame.group_by("variant_id").agg(
        people=pl.len(),
        orders=pl.col("ordered").sum(),
        margin=(pl.col("margin") + pl.col("discount")).sum(),
        discount=pl.col("discount").sum(),
    )
    cells = {
        arms[row["variant_id"]]: Outcome(row["people"], row["orders"], row["margin"], row["discount"])
        for row in sums.iter_rows(named=True)
    }
    return Wave(test.key, {EVERYBODY: cells})


def _state(stored: dict[str, Any], waves: list[Wave]) -> CouponValues:
    """Return what was learned so far, with every value that was ever tested, under the rules of today."""
    seen = {int(arm) for wave in waves for arm in wave.cells[EVERYBODY] if arm != ALONE}
    cap = campaign_rules().value_cap
    values = tuple(sorted({0, *seen, *stored.get("values", ())}))
    base: dict[str, Any] = {"contexts": [list(EVERYBODY)], "in_use": 0, "waves": []} | stored
    return CouponValues.from_json(base | {"values": values, "cap": cap, "may_leave_alone": False})


def _told(state: CouponValues) -> dict[str, Any]:
    """Return each value's margin a person met with its 95 % range, of the draws that decide."""
    drawn = state.margins(EVERYBODY)
    told = {}
    for place, arm in enumerate(state.arms):
        ranked = sorted(drawn[:, place].tolist())
        told[arm] = {
            "margin": float(drawn[:, place].mean()),
            "interval": [ranked[int(0.025 * len(ranked))], ranked[int(0.975 * len(ranked)) - 1]],
        }
    return told


def _expected(state: CouponValues, before: dict[str, Any], after: dict[str, Any]) -> Expected | None:
    """Return by how much the new shares' margin exceeds that of the old ones, which are even at first."""
    drawn = state.margins(EVERYBODY)
    old = [float(before.get(arm, 0.0)) if before else 1 / len(state.arms) for arm in state.arms]
    more = drawn @ [float(after[arm]) - share for arm, share in zip(state.arms, old, strict=True)]
    base = float((drawn @ old).mean())
    if base <= 0 or not float(more.std()) > 0:
        return None
    return Expected(float(more.mean()) / base, float(more.std()) / base)
