"""Analysis and tuning as long work that a person can start and watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from campaigns.experiments.analysis import replay
from campaigns.experiments.live.deciding import look_and_decide
from campaigns.experiments.models import Experiment
from campaigns.experiments.tuning import tune


def analyse(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Look at a live test, or analyse a replay; the result is the look's."""
    progress(0, 1)
    experiment = Experiment.objects.get(key=parameters["experiment"])
    if experiment.kind == Experiment.Kind.LIVE:
        live = look_and_decide(experiment, now=now, actor="job")
        progress(1, 1)
        return {"look": live.look, **live.results} if live else {"look": None}
    look = replay(
        experiment,
        objective=parameters["objective"],
        length=parameters["length"],
        as_of=as_of(parameters),
        now=now,
    )
    progress(1, 1)
    return {"look": look.look, **look.results}


def decide(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Apply what an experiment's last look found; the result lists the decisions."""
    progress(0, 1)
    decisions = tune(Experiment.objects.get(key=parameters["experiment"]), use=parameters["use"], now=now)
    progress(1, 1)
    return {"decisions": [str(decision.pk) for decision in decisions]}
