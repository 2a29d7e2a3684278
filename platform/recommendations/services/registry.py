"""Which version serves: through gates only, in turns, and back by one click."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Value, When
from django.utils.translation import gettext as _

import recommender
from accounts.audit import record
from accounts.models import User
from core.figures import signed
from core.ids import uuid7
from recommendations.measured import measured
from recommendations.models import Champion, ModelVersion, Objective, Serving, Strategy, TuningDecision
from recommendations.services.lists import forget_lists
from recommender.errors import ArtifactError

#: A new version may cover so much less of the catalogue than the one before, not more.
LEAST_COVERAGE = 0.5


class GateError(ValueError):
    """A version may not serve; the text says which gate it did not pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing asked of a version before it may serve, and the answer."""

    gate: str
    passed: bool
    figures: Mapping[str, Any]


def gates(version: ModelVersion, rival: ModelVersion | None) -> list[Gate]:
    """Return what is asked of a version that would serve instead of another of its strategy.

    *artefact*: what is stored is what was trained. *ranking*, for each objective: the 95 % interval of
    NDCG@10 reaches the rival's figure, so it is not worse by more than chance. *coverage*: its lists hold
    at least half as much of the catalogue. A warm rival is held to the figures of the training that it goes
    on from; a warm version itself has none to compare, nor has one of another code version. Reads the
    artefact, about a second.
    """
    found = [_artefact(version)]
    if rival is None or rival.pk == version.pk or version.warm:
        return found
    rival = measured([rival])[rival.pk]
    if rival.code_version != version.code_version or rival.strategy_version != version.strategy_version:
        return found
    for objective in Objective.values:
        new = version.metrics.get("objectives", {}).get(objective)
        old = rival.metrics.get("objectives", {}).get(objective)
        if not new or not old:
            continue
        figures = {
            "objective": objective,
            "new": new["ndcg10"],
            "old": old["ndcg10"],
            "interval": new["interval"],
        }
        found.append(Gate("ranking", new["interval"][1] >= old["ndcg10"], figures))
        figures = {"objective": objective, "new": new["coverage10"], "old": old["coverage10"]}
        found.append(Gate("coverage", new["coverage10"] >= LEAST_COVERAGE * old["coverage10"], figures))
    return found


def admit(
    version: ModelVersion, *, now: datetime, user: User | None = None, needs_lists: bool = False
) -> bool:
    """Let a version serve if it passes all gates, and keep the answers with it. Return whether it serves.

    What served before stays otherwise. The lists of the version before are kept for a rollback, older
    ones are deleted.
    """
    turn = Serving.objects.filter(strategy=version.strategy_id, until=None).select_related("version").first()
    asked = gates(version, turn.version if turn else None)
    if needs_lists:
        asked.append(Gate("lists", version.lists_at is not None, {}))
    version.gates = [asdict(gate) for gate in asked]
    version.save(update_fields=["gates"])
    if not all(gate.passed for gate in asked):
        settle_stages()
        return False
    why = Serving.Why.PERSON if user else Serving.Why.TRAINED
    _begin(version, why=why, user=user, now=now)
    keep = [version, *([turn.version] if turn else [])]
    forget_lists(keep, of=version)
    return True


def promote(version: ModelVersion, *, user: User, now: datetime) -> Serving:
    """Let a person put a version to service. Raises GateError with the gates that it does not pass."""
    if not admit(version, now=now, user=user):
        failed = ", ".join(gate["gate"] for gate in version.gates if not gate["passed"])
        raise GateError(f"This version did not pass: {failed}.")
    return Serving.objects.get(strategy=version.strategy_id, until=None)


@transaction.atomic
def serve_previous(strategy: Strategy, *, user: User, now: datetime) -> Serving:
    """Put the version that served before back, with the very lists it had. Raises GateError where none is."""
    turns = list(
        Serving.objects.select_for_update(of=("self",))
        .filter(strategy=strategy)
        .select_related("version")
        .order_by("-since", "-pk")[:50]
    )
    current = next((turn for turn in turns if turn.until is None), None)
    before = next((t.version for t in turns if current and t.version_id != current.version_id), None)
    if current is None or before is None:
        raise GateError(_("No other version has served before."))
    artefact = _artefact(before)
    if not artefact.passed:
        raise GateError(_("What is stored of the version before is damaged, so it cannot come back."))
    return _begin(before, why=Serving.Why.ROLLED_BACK, user=user, now=now)


@transaction.atomic
def crown(use: str, strategy: Strategy, *, user: User, now: datetime) -> TuningDecision:
    """Make a strategy the champion of a use because a person says so, through the gates.

    It must have a version that serves, and the comparison of the same training must not find it worse
    than the present champion. Recorded like a measurement's decision and rolled back the same way.
    Raises GateError.
    """
    champion = Champion.objects.select_for_update().select_related("strategy").get(use=use)
    turn = Serving.objects.filter(strategy=strategy, until=None).select_related("version").first()
    if turn is None:
        raise GateError(_("It has no version that serves. Train it first."))
    objective = use.rpartition(":")[2]
    trained = measured([turn.version])[turn.version_id]
    worse = _worse(trained, champion.strategy.key, objective)
    if worse is not None:
        raise GateError(
            _("The last training found it worse than %(champion)s: NDCG@10 %(low)s to %(high)s.")
            % {
                "champion": _(champion.strategy.name),
                "low": signed(worse[0], "+.4f"),
                "high": signed(worse[1], "+.4f"),
            }
        )
    decision = TuningDecision.objects.create(
        kind=TuningDecision.Kind.STRATEGY,
        use=use,
        reference=f"person:{uuid7()}",
        verdict=TuningDecision.Verdict.NO_DIFFERENCE,
        evidence={
            "kind": "person",
            "comparison": _comparison(trained, champion.strategy.key, objective),
        },
        before={"strategy": champion.strategy.key},
        after={"strategy": strategy.key},
        changed=champion.strategy_id != strategy.pk,
        as_of=turn.version.as_of,
        state=TuningDecision.State.NOTED
        if champion.strategy_id == strategy.pk
        else TuningDecision.State.APPLIED,
        created_at=now,
        decided_at=now,
        decided_by=user,
    )
    record(
        action="champion.set",
        target=decision,
        now=now,
        user=user,
        before=decision.before,
        after=decision.after,
    )
    if decision.changed:
        champion.strategy, champion.decision, champion.since = strategy, decision, now
        champion.save(update_fields=["strategy", "decision", "since"])
        settle_stages()
    return decision


def settle_stages() -> None:
    """Write the stage of every version from turns and champions. One statement.

    Whose turn it is: champion where its strategy serves a use, else challenger. Whose turn is over, and
    what was trained before the one that serves: retired. The rest are candidates.
    """
    open_turn = Serving.objects.filter(version=OuterRef("pk"), until=None)
    newer_turn = Serving.objects.filter(
        strategy=OuterRef("strategy"), until=None, version__created_at__gte=OuterRef("created_at")
    )
    crowned = Champion.objects.filter(strategy=OuterRef("strategy"))
    ModelVersion.objects.update(
        stage=Case(
            When(Exists(open_turn) & Exists(crowned), then=Value(ModelVersion.Stage.CHAMPION)),
            When(Exists(open_turn), then=Value(ModelVersion.Stage.CHALLENGER)),
            When(Exists(newer_turn), then=Value(ModelVersion.Stage.RETIRED)),
            default=Value(ModelVersion.Stage.CANDIDATE),
        )
    )


@transaction.atomic
def _begin(version: ModelVersion, *, why: str, user: User | None, now: datetime) -> Serving:
    """End the open turn of a strategy and begin another: readers see the one or the other."""
    Strategy.objects.select_for_update().get(pk=version.strategy_id)
    before = Serving.objects.filter(strategy=version.strategy_id, until=None).first()
    if before is not None and before.version_id == version.pk:
        return before
    Serving.objects.filter(strategy=version.strategy_id, until=None).update(until=now)
    turn = Serving.objects.create(
        strategy_id=version.strategy_id, version=version, since=now, why=why, user=user
    )
    record(
        action=f"model.{why}",
        target=version,
        now=now,
        user=user,
        actor="" if user else "training",
        before={"version": str(before.version_id) if before else None},
        after={"version": str(version.pk)},
    )
    settle_stages()
    return turn


def _artefact(version: ModelVersion) -> Gate:
    try:
        recommender.load(settings.ARTIFACTS / version.artifact, version.checksum)
    except ArtifactError as error:
        return Gate("artefact", passed=False, figures={"error": str(error)})
    return Gate("artefact", passed=True, figures={})


def _comparison(version: ModelVersion, rival: str, objective: str) -> dict[str, Any] | None:
    """Return the paired difference of the version to a rival of the same training, signed for the version."""
    for line in version.metrics.get("comparisons", ()):
        pair = (line["a"], line["b"])
        if line["objective"] != objective or set(pair) != {version.strategy.key, rival}:
            continue
        sign = 1 if pair[0] == version.strategy.key else -1
        ends = sorted(sign * end for end in line["interval"])
        return {"rival": rival, "difference": sign * line["difference"], "interval": ends}
    return None


def _worse(version: ModelVersion, rival: str, objective: str) -> list[float] | None:
    found = _comparison(version, rival, objective)
    return found["interval"] if found and found["interval"][1] < 0 else None
