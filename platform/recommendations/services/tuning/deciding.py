"""Propose, apply, decline and take back what measurements change. Every step is audited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from accounts import notices
from accounts.audit import record
from accounts.models import Notice, User
from recommendations.models import TuningDecision, TuningPolicy
from recommendations.services.tuning.kinds import kinds, mode_of
from recommendations.services.tuning.shrinking import Expected, shrunk

_State = TuningDecision.State
ACTOR = "tuning"
#: So many past effects of a kind say how large the next one is likely to be.
MOST_PAST = 200


class Found(Protocol):
    """What a decision rests on: an opaque reference, the moment of the facts, and the figures."""

    @property
    def reference(self) -> str:
        """Name the evidence; the same name decides once."""
        ...

    @property
    def verdict(self) -> str:
        """Say what was found, in the words of TuningDecision.Verdict, or nothing."""
        ...

    @property
    def as_of(self) -> datetime:
        """Say up to when facts were known."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """Evidence in plain figures; `kind` says how it was found: live, replay, posterior, search, history."""

    reference: str
    as_of: datetime
    figures: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "live"
    verdict: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what is stored with a decision."""
        return {"kind": self.kind, "reference": self.reference, **self.figures}


@transaction.atomic
def propose(
    kind: str,
    subject: str,
    *,
    evidence: Found,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    expected: Expected | None = None,
    now: datetime,
    user: User | None = None,
) -> TuningDecision:
    """Store what evidence leads to, and apply it or let it wait for a person, as the shop's policy says.

    The same evidence decides once for a subject, whoever else is at it; a repeat returns the decision there
    is. A person who asks (`user`) has decided: it is applied at once. Nothing to change, or a kind that is
    switched off, is noted. What still waited for a person is overtaken. `before` and `after` are all that
    the kind's `apply` and `undo` need. Raises StaleDecisionError when `before` stands no longer.
    """
    entry = kinds.get(kind)
    _lock(kind, subject)
    known = TuningDecision.objects.filter(kind=kind, use=subject, reference=evidence.reference).first()
    if known:
        return known
    mode = TuningPolicy.Mode.AUTO if user else mode_of(kind)
    if before == after or mode == TuningPolicy.Mode.OFF:
        state = _State.NOTED
    else:
        state = _State.APPLIED if mode == TuningPolicy.Mode.AUTO else _State.PROPOSED
    if state != _State.NOTED:
        TuningDecision.objects.filter(kind=kind, use=subject, state=_State.PROPOSED).update(
            state=_State.OVERTAKEN, decided_at=now
        )
    decision = TuningDecision.objects.create(
        kind=kind,
        use=subject,
        state=state,
        reference=evidence.reference,
        verdict=evidence.verdict,
        evidence=evidence.as_json(),
        expected=shrunk(expected, _past(kind)) if expected else None,
        before=dict(before),
        after=dict(after),
        changed=state == _State.APPLIED,
        as_of=evidence.as_of,
        created_at=now,
        decided_at=None if state == _State.PROPOSED else now,
        decided_by=user,
    )
    _record("tuning.proposed" if state == _State.PROPOSED else "tuning.decided", decision, now, user)
    if state == _State.APPLIED:
        entry.apply(decision, now)
    if state == _State.PROPOSED:
        notices.tell(
            "recommendations.change_tuningdecision",
            Notice.Kind.APPROVAL_ASKED,
            noop("A measurement suggests a change, and waits for you."),
            "/admin/tuning/",
            now,
            key=f"tuning:{kind}:{subject}:{decision.pk}",
        )
    return decision


@transaction.atomic
def approve_decision(decision: TuningDecision, *, user: User | None, now: datetime) -> TuningDecision:
    """Apply what waits. Raises ValueError when it waits no longer or what it starts from has changed."""
    decision = _waiting(decision)
    decision.state, decision.changed = _State.APPLIED, True
    decision.decided_at, decision.decided_by = now, user
    decision.save(update_fields=["state", "changed", "decided_at", "decided_by"])
    kinds.get(decision.kind).apply(decision, now)
    _record("tuning.approved", decision, now, user)
    return decision


@transaction.atomic
def decline_decision(
    decision: TuningDecision, *, user: User | None, now: datetime, reason: str = ""
) -> TuningDecision:
    """Leave things as they are; the same evidence is not proposed again. Raises ValueError as above."""
    decision = _waiting(decision)
    decision.state, decision.reason = _State.DECLINED, reason[:300]
    decision.decided_at, decision.decided_by = now, user
    decision.save(update_fields=["state", "reason", "decided_at", "decided_by"])
    _record("tuning.declined", decision, now, user)
    return decision


@transaction.atomic
def roll_back(
    decision: TuningDecision, *, user: User | None, now: datetime, reason: str = ""
) -> TuningDecision:
    """Put back what stood before a decision. Raises ValueError when something newer stands on it."""
    decision = TuningDecision.objects.select_for_update().get(pk=decision.pk)
    if decision.state == _State.ROLLED_BACK or not decision.changed:
        raise ValueError(
            _("There is nothing to roll back: this decision changed nothing or was rolled back.")
        )
    decision.state, decision.reason = _State.ROLLED_BACK, reason[:300]
    decision.reverted_at, decision.reverted_by = now, user
    decision.save(update_fields=["state", "reason", "reverted_at", "reverted_by"])
    kinds.get(decision.kind).undo(decision, now)
    record(
        action="tuning.rolled_back",
        target=decision,
        now=now,
        user=user,
        actor="" if user else ACTOR,
        before=decision.after,
        after=decision.before,
    )
    return decision


@transaction.atomic
def set_policy(kind: str, mode: str, *, user: User | None, now: datetime) -> TuningPolicy:
    """Say what a kind may do by itself. Raises UnknownEntry or ValueError for what there is not."""
    kinds.get(kind)
    if mode not in TuningPolicy.Mode.values:
        raise ValueError(_("Choose one of the ways listed."))
    before = mode_of(kind)
    policy, _created = TuningPolicy.objects.update_or_create(
        kind=kind, defaults={"mode": mode, "changed_at": now, "changed_by": user}
    )
    if before != mode:
        record(
            action="tuning.policy_set",
            target=policy,
            now=now,
            user=user,
            before={"mode": before},
            after={"mode": mode},
        )
    return policy


def _waiting(decision: TuningDecision) -> TuningDecision:
    decision = TuningDecision.objects.select_for_update().get(pk=decision.pk)
    if decision.state != _State.PROPOSED:
        raise ValueError(_("This waits for nobody any more: it was decided, or overtaken by newer evidence."))
    return decision


def _past(kind: str) -> list[Expected]:
    """Return what earlier decisions of a kind were measured to bring, whatever became of them."""
    rows = TuningDecision.objects.filter(kind=kind, expected__isnull=False).order_by("-created_at")
    return [
        Expected(one["lift"], one["se"]) for one in rows.values_list("expected", flat=True)[:MOST_PAST] if one
    ]


def _record(action: str, decision: TuningDecision, now: datetime, user: User | None) -> None:
    record(
        action=action,
        target=decision,
        now=now,
        user=user,
        actor="" if user else ACTOR,
        before=decision.before,
        after=decision.after,
    )


def _lock(kind: str, subject: str) -> None:
    """Let rivals with the same evidence wait for each other until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"tuning:{kind}:{subject}"])
