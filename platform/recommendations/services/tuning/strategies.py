"""Who serves a use, and the mix that the next training starts from: two kinds of tuning decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from accounts.models import User
from recommendations.models import Champion, ModelVersion, Posterior, Strategy, TuningDecision
from recommendations.services.registry import settle_stages
from recommendations.services.tuning.deciding import propose
from recommendations.services.tuning.kinds import StaleDecisionError, TuningKind
from recommendations.services.tuning.shrinking import Expected
from recommendations.strategies import STARTERS

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
    expected: Expected | None = None

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
    before = champion.strategy.key
    return propose(
        TuningDecision.Kind.STRATEGY,
        use,
        evidence=evidence,
        before={"strategy": before},
        after={"strategy": evidence.winner or before},
        expected=evidence.expected,
        now=now,
        user=user,
    )


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
    posterior, _created = Posterior.objects.select_for_update().get_or_create(
        subject=subject, key="", defaults={"parameters": {"alpha": {}}, "updated_at": now}
    )
    before = dict(posterior.parameters["alpha"])
    after = dict(before)
    if evidence.winner and evidence.winning_version:
        observed = min(float(evidence.informative), MOST_EVIDENCE)
        if evidence.kind == "replay":
            observed *= REPLAY_DISCOUNT
        for part, weight in _blend_of(evidence.winning_version, objective).items():
            after[part] = after.get(part, 0.0) + observed * weight
    return propose(
        TuningDecision.Kind.BLEND,
        subject,
        evidence=evidence,
        before={"alpha": before},
        after={"alpha": after},
        now=now,
        user=user,
    )


def blend_prior(objective: str) -> tuple[dict[str, float], float]:
    """Return the posterior's mean weights and its strength in pseudo-observations; ({}, 0) before any."""
    posterior = Posterior.objects.filter(subject=f"blend:{objective}", key="").first()
    alpha = posterior.parameters["alpha"] if posterior else {}
    strength = sum(alpha.values())
    return ({part: value / strength for part, value in alpha.items()} if strength else {}), strength


def _apply_strategy(decision: TuningDecision, now: datetime) -> None:
    champion = (
        Champion.objects.select_for_update(of=("self",)).select_related("strategy").get(use=decision.use)
    )
    if champion.strategy.key != decision.before["strategy"]:
        raise StaleDecisionError(
            _("%(name)s serves by now.") % {"name": strategy_name(champion.strategy.key)}
        )
    _crown(champion, Strategy.objects.get(key=decision.after["strategy"]), decision, now)


def _undo_strategy(decision: TuningDecision, now: datetime) -> None:
    champion = Champion.objects.select_for_update().get(use=decision.use)
    if champion.decision_id != decision.pk:
        raise StaleDecisionError(_("A newer decision stands on this one. Roll that back first."))
    # What stood before stands on its own decision again, so that it can be rolled back in its turn.
    earlier = TuningDecision.objects.filter(
        kind=decision.kind, use=decision.use, state=TuningDecision.State.APPLIED, changed=True,
        decided_at__lte=decision.decided_at or decision.created_at,
        after=decision.before,
    ).exclude(pk=decision.pk).order_by("-decided_at").first()  # fmt: skip
    _crown(champion, Strategy.objects.get(key=decision.before["strategy"]), earlier, now)


def _apply_blend(decision: TuningDecision, now: datetime) -> None:
    _move_blend(decision, decision.before, decision.after, now)


def _undo_blend(decision: TuningDecision, now: datetime) -> None:
    _move_blend(decision, decision.after, decision.before, now)


def _move_blend(
    decision: TuningDecision, start: Mapping[str, Any], to: Mapping[str, Any], now: datetime
) -> None:
    posterior = Posterior.objects.select_for_update().get(subject=decision.use, key="")
    if posterior.parameters["alpha"] != start["alpha"]:
        raise StaleDecisionError(_("A newer decision stands on this one. Roll that back first."))
    posterior.parameters = {"alpha": to["alpha"]}
    posterior.updated_at = now
    posterior.save(update_fields=["parameters", "updated_at"])


def _crown(champion: Champion, strategy: Strategy, decision: TuningDecision | None, now: datetime) -> None:
    champion.strategy, champion.decision, champion.since = strategy, decision, now
    champion.save(update_fields=["strategy", "decision", "since"])
    settle_stages()


def _blend_of(version_id: str, objective: str) -> dict[str, float]:
    """Return a model's fitted blend weights; a plain model's are itself alone."""
    version = ModelVersion.objects.select_related("strategy").get(pk=version_id)
    weights: dict[str, float] | None = version.parameters.get("blend", {}).get(objective)
    return weights or {version.strategy.family: 1.0}


def strategy_name(key: str) -> str:
    """Return a strategy in words, without asking the database: ours by name, others by their key."""
    return next((_(name) for known, name, *_rest in STARTERS if known == key), key)


def use_name(use: str) -> str:
    """Return what a use is for in words: `email:replenish` is “E-mail · products they buy again”."""
    place, _colon, objective = use.partition(":")
    places = {"email": _("E-mail"), "blend": _("Blend")}
    objectives = {
        "replenish": _("products they buy again"),
        "discover": _("products new to them"),
    }
    return f"{places.get(place, place)} · {objectives.get(objective, objective)}"


def _describe_strategy(decision: TuningDecision) -> str:
    values = {
        "use": use_name(decision.use),
        "before": strategy_name(decision.before["strategy"]),
        "after": strategy_name(decision.after["strategy"]),
    }
    return _("%(use)s: %(after)s serves instead of %(before)s") % values


def _describe_blend(decision: TuningDecision) -> str:
    return _("%(use)s: the mix moves towards the winner") % {"use": use_name(decision.use)}


STRATEGY = TuningKind(
    TuningDecision.Kind.STRATEGY,
    noop("Which strategy serves"),
    _apply_strategy,
    _undo_strategy,
    _describe_strategy,
)
BLEND = TuningKind(
    TuningDecision.Kind.BLEND,
    noop("What the next training starts from"),
    _apply_blend,
    _undo_blend,
    _describe_blend,
)
