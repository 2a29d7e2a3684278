"""Close the loop: turn what a look found into what serves next and what the next training starts from."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from campaigns.experiments.analysis import NothingToAnalyseError, latest
from campaigns.experiments.models import Experiment, Snapshot
from recommendations.models import TuningDecision
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
    evidence = _evidence(experiment, look)
    decisions = [
        decide_strategy(use=use, evidence=evidence, now=now, user=user),
        decide_blend(objective=look.results["objective"], evidence=evidence, now=now, user=user),
    ]
    Experiment.objects.filter(pk=experiment.pk).update(state=Experiment.State.DECIDED)
    return decisions


def _evidence(experiment: Experiment, look: Snapshot) -> Evidence:
    control, treatment = look.results["variants"]
    levers = {variant.key: variant.levers for variant in experiment.variants.all()}
    pairs = look.statistics["pairs"]
    return Evidence(
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
