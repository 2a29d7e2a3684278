"""What the rules say at a look, done: the winner takes over, harm stops, a person may overrule."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from accounts import audit, notices
from accounts.models import Notice, User
from campaigns.experiments.live.looks import take_look
from campaigns.experiments.live.standing import standing
from campaigns.experiments.live.tallies import WRITTEN
from campaigns.experiments.models import Experiment, Snapshot, Variant
from campaigns.experiments.services import DesignError
from campaigns.experiments.statistics.verdict import Outcome

RULES = "rules"


@transaction.atomic
def look_and_decide(experiment: Experiment, *, now: datetime, actor: str = "schedule") -> Snapshot | None:
    """Watch a running test, and at a planned look do what the rules say; None while nobody met it.

    The look and what it leads to are stored together or not at all: a planned look that stood alone, because
    its worker died, would never be taken again and the test would never end. Rivals take turns.
    """
    Experiment.objects.select_for_update(no_key=True).get(pk=experiment.pk)
    where = standing(experiment, now=now)
    if not where.met:
        return None
    look = take_look(
        experiment, as_of=now, now=now, planned=where.look is not None, last=where.over, where=where
    )
    _apply(experiment, look, now=now, actor=actor)
    return look


def winner_of(look: Snapshot) -> str:
    """Return the arm that a look leads to: the winner by the rules, else the control."""
    control = next(arm["key"] for arm in look.statistics["design"]["arms"] if arm["is_control"])
    winner = look.results["winner"]
    return str(control if winner in (None, WRITTEN) else winner)


@transaction.atomic
def close(experiment: Experiment, look: Snapshot, *, now: datetime, actor: str) -> bool:
    """End a test by what a look found; its winner, or the control, gets everybody who comes later."""
    outcome = Outcome(look.results["outcome"])
    key = winner_of(look)
    decision = {
        "winner": key, "outcome": outcome.value, "look": look.look, "supported": True, "by": RULES,
    }  # fmt: skip
    return _end(experiment, decision, now=now, user=None, actor=actor)


@transaction.atomic
def decide_by_hand(
    experiment: Experiment, *, winner: str, reason: str, user: User | None, now: datetime, actor: str = ""
) -> Experiment:
    """Let a person end a test. What the last look does not lead to is written down as *not supported*.

    Raises DesignError for an arm that the test does not have, or a test that is not open.
    """
    experiment = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if experiment.state not in (Experiment.State.RUNNING, Experiment.State.PAUSED):
        raise DesignError(_("Only a test that runs can be decided."))
    if not experiment.variants.filter(key=winner).exists():
        raise DesignError(_("The test has no such arm."))
    look = experiment.snapshots.order_by("-look").first()
    supported = look is not None and look.results.get("winner") == winner
    decision = {
        "winner": winner,
        "outcome": look.results["outcome"] if look else Outcome.CONTINUE.value,
        "look": look.look if look else None,
        "supported": supported,
        "reason": reason,
        "by": "person",
    }
    _end(experiment, decision, now=now, user=user, actor=actor)
    experiment.refresh_from_db()
    return experiment


def _apply(experiment: Experiment, look: Snapshot, *, now: datetime, actor: str) -> None:
    """End the test where the rules say so; stop the arms that do harm."""
    outcome = Outcome(look.results["outcome"])
    ends = (Outcome.SHIP, Outcome.SHIP_WITH_HOLDOUT, Outcome.NO_DIFFERENCE)
    treatments = [arm["key"] for arm in look.statistics["design"]["arms"] if not arm["is_control"]]
    harmful = [c["treatment"] for c in look.results["comparisons"] if c.get("outcome") == Outcome.STOP_HARM]
    if look.planned and outcome in ends:
        close(experiment, look, now=now, actor=actor)
    elif look.planned and look.statistics["last"]:
        close(experiment, look, now=now, actor=actor)  # blocked at the end: the control stays
    elif harmful and set(harmful) >= set(treatments):
        close(experiment, look, now=now, actor=actor)
    elif harmful:
        _stop_arms(experiment, harmful, now=now, actor=actor)


def _stop_arms(experiment: Experiment, keys: list[str], *, now: datetime, actor: str) -> None:
    """Send nobody else to arms that are proven worse."""
    stopped = experiment.variants.filter(key__in=keys, weight__gt=0)
    if not stopped.exists():
        return
    names = sorted(stopped.values_list("key", flat=True))
    stopped.update(weight=0)
    audit.record(action="stop_arms", target=experiment, now=now, actor=actor, after={"arms": names})


def _end(
    experiment: Experiment, decision: dict[str, Any], *, now: datetime, user: User | None, actor: str
) -> bool:
    """Write the decision down once, and let the winner have everybody who is assigned from now on."""
    changed = Experiment.objects.filter(
        pk=experiment.pk, state__in=[Experiment.State.RUNNING, Experiment.State.PAUSED]
    ).update(state=Experiment.State.DECIDED, decision=decision, decided_at=now)
    if not changed:
        return False
    Variant.objects.filter(experiment=experiment).exclude(key=decision["winner"]).update(weight=0)
    Variant.objects.filter(experiment=experiment, key=decision["winner"], weight=0).update(weight=1)
    # What waits for the winner need not wait any longer.
    experiment.waves.filter(sent_at=None, due_at__gt=now).update(due_at=now)
    audit.record(
        action="decide_experiment" if decision["supported"] else "override_experiment",
        target=experiment,
        now=now,
        user=user,
        actor=actor,
        after=decision | ({} if decision["supported"] else {"verdict": "not supported"}),
    )
    notices.tell(
        "experiments.change_experiment",
        Notice.Kind.EXPERIMENT,
        noop("The experiment “%(name)s” is decided."),
        f"/admin/experiments/{experiment.pk}/",
        now,
        facts={"name": experiment.name},
        key=f"decided:{experiment.pk}",
        but=user,
    )
    return True
