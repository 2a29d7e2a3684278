"""What beat does about tests: watch them, decide by the rules, and send the next wave to its people."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from accounts import audit
from campaigns.experiments.live.deciding import close, look_and_decide, winner_of
from campaigns.experiments.live.learning import decide_wave
from campaigns.experiments.live.looks import take_look
from campaigns.experiments.live.standing import standing
from campaigns.experiments.models import Experiment, Wave
from campaigns.experiments.services import due_waves
from campaigns.models import Campaign
from campaigns.schedule.sending import send

log = structlog.get_logger(__name__)
BEAT = "schedule"
#: The last messages of the test's part may go a little late; the winner waits for their windows so long.
PATIENCE = timedelta(days=2)
#: A test is watched once a day between its planned looks.
WATCH = timedelta(hours=20)


def look_at_tests(*, now: datetime) -> int:
    """Take the looks that are due of all live tests that run; return how many were taken.

    A planned look is taken when its share of people has passed the window, a watching one once a day; a
    test that fails keeps no other back. About 5 s for a test of a million people, 30 ms for a small one.
    """
    running = Experiment.objects.filter(kind=Experiment.Kind.LIVE, state=Experiment.State.RUNNING)
    return sum(_apart("test_not_looked_at", experiment, lambda e: _look(e, now)) for experiment in running)


def send_due_waves(*, now: datetime, as_of: datetime) -> int:
    """Decide and send the waves whose moment has come; return how many went.

    The campaign's row is locked and the wave is marked in the transaction that makes its run: two beats, or
    one that died and came again, send it once.
    """
    return sum(
        _apart("wave_not_sent", wave, lambda found: _send(found, now, as_of)) for wave in list(due_waves(now))
    )


def _apart(event: str, what: Any, act: Callable[[Any], bool]) -> bool:
    try:
        return act(what)
    except Exception:
        log.exception(event, what=str(what))  # the others go on; the next beat tries again
        return False


def _look(experiment: Experiment, now: datetime) -> bool:
    if standing(experiment, now=now).look is None:
        last = experiment.snapshots.order_by("-look").first()
        if last is not None and now - last.created_at < WATCH:
            return False
    if experiment.method == Experiment.Method.WINNER and experiment.waves.filter(sent_at=None).exists():
        # Its one planned look is when the winner goes; until then it is only watched.
        return bool(experiment.assignments.exists() and take_look(experiment, as_of=now, now=now))
    return look_and_decide(experiment, now=now, actor=BEAT) is not None


def _send(wave: Wave, now: datetime, as_of: datetime) -> bool:
    experiment = wave.experiment
    with transaction.atomic():
        related = ("segment", "content", "pool__promotion", "promotion", "experiment", "plan")
        rows = Campaign.objects.select_for_update(of=("self",), skip_locked=True).select_related(*related)
        campaign = rows.filter(experiment=experiment, state=Campaign.State.RUNNING).first()
        wave = Wave.objects.select_for_update().get(pk=wave.pk)
        if campaign is None or wave.sent_at is not None:
            return False  # paused, ended, or a rival was here
        if not _decided(experiment, wave, now):
            return False
        wave.sent_at = now
        wave.save(update_fields=["sent_at"])
        people = send(campaign, as_of=as_of, now=now, wave=wave).audience
        audit.record(
            action="send_wave",
            target=campaign,
            now=now,
            actor=BEAT,
            after={"wave": wave.number, "shares": wave.weights, "audience": people},
        )
    return True


def _decided(experiment: Experiment, wave: Wave, now: datetime) -> bool:
    """Give the wave its shares; False while the part that was tested still has open windows."""
    if experiment.state == Experiment.State.DECIDED:
        assert experiment.decision is not None  # noqa: S101  whoever decides writes it down
        _give(wave, experiment.decision["winner"], experiment.decision, now)
        return True
    if experiment.method == Experiment.Method.BANDIT:
        wave.experiment = experiment
        decide_wave(wave, now=now)
        return True
    where = standing(experiment, now=now)
    assert wave.due_at is not None  # noqa: S101  it is due
    if where.closed < where.met and now < wave.due_at + PATIENCE:
        return False
    if not where.met:
        _give(wave, experiment.variants.get(is_control=True).key, {"outcome": "nobody met the test"}, now)
        return True
    look = take_look(experiment, as_of=now, now=now, planned=True, last=True)
    close(experiment, look, now=now, actor=BEAT)
    _give(wave, winner_of(look), {"look": look.look, "outcome": look.results["outcome"]}, now)
    return True


def _give(wave: Wave, winner: str, evidence: dict[str, object], now: datetime) -> None:
    wave.weights, wave.evidence, wave.decided_at = {winner: 1.0}, evidence, now
    wave.save(update_fields=["weights", "evidence", "decided_at"])
