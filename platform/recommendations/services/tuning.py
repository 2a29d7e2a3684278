"""Store what a measurement decided, apply it, and take it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.audit import record
from accounts.models import User
from recommendations.models import Champion, ModelVersion, Posterior, Strategy, TuningDecision
from recommendations.services.registry import settle_stages

#: A look counts as at most this many people, so that one large campaign cannot drown all later ones.
MOST_EVIDENCE = 500.0
#: What a replay counts against a live test of the same size: nobody was treated.
REPLAY_DISCOUNT = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an experiment found, in the words of this layer.

    `reference` is opaque; `control` and `treatment` are strategy keys, `versions` the ids of the models
    that were compared; `informative` counts the people whose outcome differed between the two.
    """

    reference: str
    kind: str
    verdict: str
    control: str
    treatment: str
    versions: Mapping[str, str]
    informative: int
    figures: Mapping[str, Any]
    as_of: datetime

    @property
    def winner(self) -> str | None:
        """Return the strategy that won, or None when no difference was found."""
        return {
            TuningDecision.Verdict.BETTER: self.treatment,
            TuningDecision.Verdict.WORSE: self.control,
        }.get(TuningDecision.Verdict(self.verdict))

    @property
    def winning_version(self) -> str | None:
        """Return the id of the model that won."""
        return self.versions[self.winner] if self.winner else None

    def as_json(self) -> dict[str, Any]:
        """Return the evidence as it is stored with a decision."""
        return {
            "kind": self.kind,
            "reference": self.reference,
            "verdict": self.verdict,
            "control": self.control,
            "treatment": self.treatment,
            "versions": dict(self.versions),
            "informative": self.informative,
            **self.figures,
        }


@transaction.atomic
def decide_strategy(
    *, use: str, evidence: Evidence, now: datetime, user: User | None = None
) -> TuningDecision:
    """Make the winner the champion of a use, or record that nothing changes.

    The same evidence decides once; a repeat returns the first decision.
    """
    champion = Champion.objects.select_for_update().select_related("strategy").get(use=use)
    if known := _known(TuningDecision.Kind.STRATEGY, use, evidence):
        return known
    before = champion.strategy.key
    after = evidence.winner or before
    decision = _write(
        TuningDecision.Kind.STRATEGY,
        use,
        evidence,
        before={"strategy": before},
        after={"strategy": after},
        now=now,
        user=user,
    )
    if decision.changed:
        _crown(champion, Strategy.objects.get(key=after), decision, now)
    return decision


@transaction.atomic
def decide_blend(
    *, objective: str, evidence: Evidence, now: datetime, user: User | None = None
) -> TuningDecision:
    """Move the posterior over blend weights towards the winner's blend, or record that nothing changes.

    The posterior is a Dirichlet over the blend's parts, its strength counted in people. A winner adds
    its own weights once per person whose outcome differed between the variants, halved for a replay, at
    most 500 a look. A plain model's blend is itself alone. The next training takes mean and strength as
    its prior beside the people of its own last window.
    """
    subject = f"blend:{objective}"
    posterior, _ = Posterior.objects.select_for_update().get_or_create(
        subject=subject, key="", defaults={"parameters": {"alpha": {}}, "updated_at": now}
    )
    if known := _known(TuningDecision.Kind.BLEND, subject, evidence):
        return known
    before = dict(posterior.parameters["alpha"])
    after = dict(before)
    if evidence.winner and evidence.winning_version:
        observed = min(float(evidence.informative), MOST_EVIDENCE)
        if evidence.kind == "replay":
            observed *= REPLAY_DISCOUNT
        for part, weight in _blend_of(evidence.winning_version, objective).items():
            after[part] = after.get(part, 0.0) + observed * weight
    decision = _write(
        TuningDecision.Kind.BLEND,
        subject,
        evidence,
        before={"alpha": before},
        after={"alpha": after},
        now=now,
        user=user,
    )
    if decision.changed:
        _save_posterior(posterior, after, now)
    return decision


def blend_prior(objective: str) -> tuple[dict[str, float], float]:
    """Return the posterior's mean weights and its strength in pseudo-observations; ({}, 0) before any."""
    posterior = Posterior.objects.filter(subject=f"blend:{objective}", key="").first()
    alpha = posterior.parameters["alpha"] if posterior else {}
    strength = sum(alpha.values())
    return ({part: value / strength for part, value in alpha.items()} if strength else {}), strength


@transaction.atomic
def roll_back(decision: TuningDecision, *, user: User | None, now: datetime) -> TuningDecision:
    """Put back what stood before a decision. Raises ValueError when something newer stands on it."""
    decision = TuningDecision.objects.select_for_update().get(pk=decision.pk)
    if decision.reverted_at or not decision.changed:
        raise ValueError("There is nothing to roll back: this decision changed nothing or was rolled back.")
    if decision.kind == TuningDecision.Kind.STRATEGY:
        champion = Champion.objects.select_for_update().get(use=decision.use)
        if champion.decision_id != decision.pk:
            raise ValueError("A newer decision stands on this one. Roll that back first.")
        _crown(champion, Strategy.objects.get(key=decision.before["strategy"]), None, now)
    else:
        posterior = Posterior.objects.select_for_update().get(subject=decision.use, key="")
        if posterior.parameters["alpha"] != decision.after["alpha"]:
            raise ValueError("A newer decision stands on this one. Roll that back first.")
        _save_posterior(posterior, decision.before["alpha"], now)
    decision.reverted_at, decision.reverted_by = now, user
    decision.save(update_fields=["reverted_at", "reverted_by"])
    record(
        action="tuning.rolled_back",
        target=decision,
        now=now,
        user=user,
        before=decision.after,
        after=decision.before,
    )
    return decision


def _known(kind: str, use: str, evidence: Evidence) -> TuningDecision | None:
    return TuningDecision.objects.filter(kind=kind, use=use, reference=evidence.reference).first()


def _write(
    kind: str,
    use: str,
    evidence: Evidence,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
    user: User | None,
) -> TuningDecision:
    decision = TuningDecision.objects.create(
        kind=kind,
        use=use,
        reference=evidence.reference,
        verdict=evidence.verdict,
        evidence=evidence.as_json(),
        before=before,
        after=after,
        changed=before != after,
        as_of=evidence.as_of,
        created_at=now,
        decided_by=user,
    )
    record(
        action="tuning.decided",
        target=decision,
        now=now,
        user=user,
        actor="" if user else "tuning",
        before=before,
        after=after,
    )
    return decision


def _crown(champion: Champion, strategy: Strategy, decision: TuningDecision | None, now: datetime) -> None:
    champion.strategy, champion.decision, champion.since = strategy, decision, now
    champion.save(update_fields=["strategy", "decision", "since"])
    settle_stages()


def _save_posterior(posterior: Posterior, alpha: dict[str, float], now: datetime) -> None:
    posterior.parameters = {"alpha": alpha}
    posterior.updated_at = now
    posterior.save(update_fields=["parameters", "updated_at"])


def _blend_of(version_id: str, objective: str) -> dict[str, float]:
    """Return a model's fitted blend weights; a plain model's are itself alone."""
    version = ModelVersion.objects.select_related("strategy").get(pk=version_id)
    weights: dict[str, float] | None = version.parameters.get("blend", {}).get(objective)
    return weights or {version.strategy.family: 1.0}
