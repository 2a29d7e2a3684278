"""Tests that ended: who won serves, and the mix that training starts from moves towards the winner."""

from datetime import datetime, timedelta

from campaigns.experiments.analysis import NothingToAnalyseError
from campaigns.experiments.models import Experiment
from campaigns.experiments.tuning import tune
from recommendations.models import Champion, TuningDecision
from recommendations.strategies import use_key

#: What ended longer ago was looked at by then.
LOOK_BACK = timedelta(days=30)


def learn_from_tests(*, now: datetime) -> list[TuningDecision]:
    """Decide by every live test of strategies that ended lately, one that was decided before once more."""
    ended = Experiment.objects.filter(
        kind=Experiment.Kind.LIVE,
        state=Experiment.State.DECIDED,
        decided_at__gte=now - LOOK_BACK,
        campaign__isnull=False,
    ).select_related("campaign")
    uses = set(Champion.objects.values_list("use", flat=True))
    found: list[TuningDecision] = []
    for experiment in ended.order_by("decided_at"):
        use = use_key("email", experiment.campaign.objective)
        if use not in uses:
            continue
        try:
            found += tune(experiment, use=use, now=now)
        except NothingToAnalyseError:
            continue  # it compared something else than strategies
    return found
