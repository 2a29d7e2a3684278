"""Open a test, hold it and close it."""

from datetime import datetime

from campaigns.experiments.models import Experiment

_State = Experiment.State


def start(experiment: Experiment, now: datetime) -> None:
    """Open a draft: from here on arms are given out. Does nothing to one that runs already."""
    _move(experiment, [_State.DRAFT], _State.RUNNING, starts_at=now)


def pause(experiment: Experiment) -> bool:
    """Give no arms out for now and decide nothing; say whether it ran."""
    return _move(experiment, [_State.RUNNING], _State.PAUSED)


def resume(experiment: Experiment) -> bool:
    """Let a paused test go on; say whether it was paused."""
    return _move(experiment, [_State.PAUSED], _State.RUNNING)


def archive(experiment: Experiment) -> bool:
    """Put a test that is over, or was never started, out of sight; say whether that was so."""
    return _move(experiment, [_State.DRAFT, _State.DECIDED], _State.ARCHIVED)


def _move(experiment: Experiment, before: list[_State], after: _State, **more: datetime) -> bool:
    changed = Experiment.objects.filter(pk=experiment.pk, state__in=before).update(state=after, **more)
    experiment.refresh_from_db()
    return bool(changed)
