"""Close the loop: turn what a look found into what serves next and what the next training starts from."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from campaigns.experiments.analysis import NothingToAnalyseError, latest
from campaigns.experiments.models import Experiment, Snapshot
from campaigns.experiments.statistics.verdict import Outcome, Verdict
from recommendations.models import TuningDecision
from recommendations.selectors import version_at
from recommendations.services import Evidence, decide_blend, decide_strategy


@transaction.atomic
def tune(
    experiment: Experiment, *, use: str, now: datetime, user: User | None = None
) -> list[TuningDecision]:
    """Write the tuning decisions of an experiment's last look and apply them.

    A verdict of *better* or *worse* makes the winner the champion of its use and moves the posterior
    over blend weights towards the winner's; *no difference* is recorded and changes nothing. Doing it
    again for the same look returns the same decisions.
    """
    experiment = Experiment.objects.select_for_update().get(pk=experiment.pk)
    look = latest(experiment)
    if look is None:
        raise NothingToAnalyseError(f"“{experiment.name}” has not been analysed yet. Run the analysis first.")
    evidence, objective = _evidence(experiment, look)
    decisions = [
        decide_strategy(use=use, evidence=evidence, now=now, user=user),
        decide_blend(objective=objective, evidence=evidence, now=now, user=user),
    ]
    if experiment.kind == Experiment.Kind.REPLAY:  # a live test is ended by its own rules
        Experiment.objects.filter(pk=experiment.pk).update(state=Experiment.State.DECIDED)
    return decisions


def _evidence(experiment: Experiment, look: Snapshot) -> tuple[Evidence, str]:
    """Return what a look says of two strategies, and of which kind of list."""
    levers = {variant.key: variant.levers for variant in experiment.variants.all()}
    if look.results["kind"] == Experiment.Kind.LIVE.value:
        return _live(experiment, look, levers), experiment.campaign.objective
    control, treatment = look.results["variants"]
    pairs = look.statistics["pairs"]
    evidence = Evidence(
        reference=f"{experiment.key}#{look.look}",
        kind=look.results["kind"],
        verdict=look.results["verdict"],
        control=levers[control["key"]]["strategy"],
        treatment=levers[treatment["key"]]["strategy"],
        versions={levers[key]["strategy"]: version for key, version in look.statistics["versions"].items()},
        informative=pairs["control_only"] + pairs["treatment_only"],
        figures={
            name: look.results[name]
            for name in ("variants", "difference", "interval", "p_value", "window_days", "list_length")
        },
        as_of=look.as_of,
    )
    return evidence, str(look.results["objective"])


def _live(experiment: Experiment, look: Snapshot, levers: dict[str, dict[str, str]]) -> Evidence:
    """Return what a decided live test of two strategies found; only what the rules allowed is a verdict."""
    pairs = [c for c in look.results["comparisons"] if c["treatment"] == look.results["lead"]]
    pair = next((c for c in pairs if c["control"]), None)
    keys = [levers[pair[side]].get("strategy") for side in ("control", "treatment")] if pair else []
    if pair is None or not all(keys) or getattr(experiment, "campaign", None) is None:
        raise NothingToAnalyseError(f"“{experiment.name}” does not compare strategies of a campaign.")
    control, treatment = map(str, keys)
    versions = {key: version_at(key, look.as_of) for key in (control, treatment)}
    if missing := [key for key, version in versions.items() if version is None]:
        raise NothingToAnalyseError(f"“{missing[0]}” had no model as of {look.as_of:%Y-%m-%d}.")
    said = Outcome(look.results["outcome"])
    shipped = said in (Outcome.SHIP, Outcome.SHIP_WITH_HOLDOUT)
    harmed = said == Outcome.STOP_HARM
    verdict = Verdict.BETTER if shipped else Verdict.WORSE if harmed else Verdict.NO_DIFFERENCE
    return Evidence(
        reference=f"{experiment.key}#{look.look}",
        kind=Experiment.Kind.LIVE.value,
        verdict=verdict.value,
        control=control,
        treatment=treatment,
        versions={key: str(version.pk) for key, version in versions.items() if version},
        informative=int(pair["primary"].get("conversions", look.statistics["buyers"])),
        figures={
            "variants": look.results["variants"],
            "window_days": look.results["window_days"],
            **{name: pair["primary"].get(name) for name in ("difference", "interval", "p_value")},
        },
        as_of=look.as_of,
    )
