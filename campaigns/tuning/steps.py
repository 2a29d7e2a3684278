"""The steps of a night's tuning: each looks at what was measured and proposes what it leads to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction

from campaigns.tuning.copy import learn_copy
from campaigns.tuning.coupon_values import learn_coupon_values
from campaigns.tuning.ended import learn_from_tests
from campaigns.tuning.hyper import learn_candidates
from campaigns.tuning.send_hours import learn_send_hours
from campaigns.tuning.strategies import learn_strategies
from campaigns.tuning.targeting import learn_targeting
from recommendations.models import TuningDecision

log = structlog.get_logger(__name__)

Learn = Callable[..., list[TuningDecision]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `learn(now=…)` returns the decisions that its evidence led to, new ones and known ones.

    `kinds` are the kinds of decision that it may propose.
    """

    key: str
    kinds: tuple[str, ...]
    learn: Learn


#: In this order; what a step stores the next may use.
STEPS: tuple[Step, ...] = (
    Step("tests", ("strategy", "blend"), learn_from_tests),
    Step("send_hours", ("send_hours",), learn_send_hours),
    Step("coupon_values", ("coupon_values",), learn_coupon_values),
    Step("targeting", ("targeting",), learn_targeting),
    Step("copy", (), learn_copy),
    Step("candidates", ("candidate",), learn_candidates),
    Step("strategies", ("strategy-shares",), learn_strategies),
)


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a night's tuning did: the decisions that are new, and the steps that failed."""

    decisions: list[TuningDecision] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def tune_all(*, now: datetime, kinds: Sequence[str] = (), dry_run: bool = False) -> Tuned:
    """Take every step, or those that propose these kinds, and return what is new.

    A step that fails keeps no other back. With `dry_run` everything is worked out as ever and nothing is
    kept. What was decided before on the same evidence is not told again.
    """
    tuned = Tuned()
    for step in STEPS:
        if kinds and not set(kinds) & set(step.kinds):
            continue
        try:
            with transaction.atomic():
                decisions = step.learn(now=now)
                if dry_run:
                    transaction.set_rollback(True)
        except Exception:
            log.exception("tuning_step_failed", step=step.key)  # the others go on; the next night tries again
            tuned.failed.append(step.key)
            continue
        tuned.decisions.extend(one for one in decisions if one.created_at == now)
    return tuned
