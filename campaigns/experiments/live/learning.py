"""The next wave's shares from what the waves before showed, their open windows corrected."""

from datetime import datetime

import polars as pl
from django.conf import settings
from django.db import connection

from campaigns.experiments.live.facts import outcomes, read
from campaigns.experiments.measures import COVARIATE_DAYS, MEASURES
from campaigns.experiments.models import Experiment, Metric, Wave
from campaigns.experiments.services.waves import Shares, floor_of, remembered
from campaigns.experiments.statistics.bandit import Tally, next_wave, remember
from campaigns.experiments.statistics.delay import Delay
from campaigns.experiments.statistics.floor import FLOOR
from campaigns.experiments.statistics.results import NotComputableError

#: A window is cut into so many periods for the curve of delays.
PERIODS = 24
_DELAYS = """
SELECT extract(epoch FROM min(e.occurred_at) - x.at)::float8 / %s
  FROM experiments_exposure x
  JOIN experiments_assignment a ON a.id = x.assignment_id
  JOIN events_event e ON e.customer_id = a.customer_id AND e.type = %s
   AND e.occurred_at >= x.at AND e.occurred_at < x.at + %s * interval '1 second'
 WHERE x.at >= %s - interval '180 days' AND x.at <= %s - %s * interval '1 second'
 GROUP BY x.assignment_id, x.at LIMIT 20000
"""
_EVENTS = {"conversion": "purchase", "clicked": "message_clicked", "redeemed": "coupon_redeemed"}


def shares(experiment: Experiment, *, now: datetime) -> Shares:
    """Decide the shares of the wave that goes now: each arm's chance to be the best, and 1 % at least.

    Thompson sampling on discounted counts; a wave whose window is open counts by the share of conversions
    that could have been seen by now. Where earlier campaigns tried the same arms, they are remembered.
    """
    metric = experiment.metrics.get(series=experiment.series, role=Metric.Role.PRIMARY)
    measure = MEASURES[metric.measure]
    facts = read(experiment, before_days=COVARIATE_DAYS, as_of=now)
    frame = outcomes(
        facts, window_days=metric.window_days, before_days=COVARIATE_DAYS, margin_share=settings.MARGIN_SHARE
    )
    delay, learned = delay_curve(metric, now)
    keys = dict(experiment.variants.values_list("pk", "key"))
    sign_less = metric.good == Metric.Good.DECREASE
    waves, seen = [], []
    for wave in experiment.waves.exclude(sent_at=None).order_by("number"):
        met = frame.filter(pl.col("wave_id") == wave.pk)
        if met.is_empty():
            continue
        age = (now.timestamp() - float(met["at"].mean() or 0.0)) / _period(metric)  # type: ignore[arg-type]
        parts = met.filter(pl.col("variant_id") != 0).partition_by("variant_id", as_dict=True)
        counted = {keys[pk]: _good(part, measure.of, less=sign_less) for (pk,), part in parts.items()}
        waves.append({key: delay.visible(x, n, age) for key, (x, n) in counted.items()})
        seen.append({"wave": wave.number, "age": age, "visible": delay.share_at(age), "arms": counted})
    if known := remembered(experiment, seen):
        return known
    memory = {key: Tally() for key in keys.values()} | remember(waves)
    decided = next_wave(memory, floor=FLOOR)
    return Shares(
        {key: float(weight) for key, weight in decided.weights.items()},
        {
            "waves": seen,
            "memory": {key: [tally.conversions, tally.trials] for key, tally in memory.items()},
            "delay": list(delay.shares),
            "delay_learned": learned,
        },
    )


def _good(part: pl.DataFrame, column: str, *, less: bool) -> tuple[int, int]:
    """Return how many did what is good, and of how many."""
    did = int(part[column].sum())
    return (part.height - did if less else did), part.height


def delay_curve(metric: Metric, now: datetime) -> tuple[Delay, bool]:
    """Return how late conversions come, learned from tests whose windows have closed; else evenly spread."""
    event, period = _EVENTS.get(metric.measure), _period(metric)
    delays: list[float] = []
    if event is not None:
        window = metric.window_days * 86_400.0
        with connection.cursor() as cursor:
            cursor.execute(_DELAYS, [period, event, window, now, now, window])
            delays = [delay for (delay,) in cursor.fetchall()]
    try:
        if len(delays) < _ENOUGH:
            return Delay(tuple((k + 1) / (PERIODS + 1) for k in range(PERIODS + 1))), False
        return Delay.from_delays(delays, PERIODS), True
    except NotComputableError:
        return Delay(tuple((k + 1) / (PERIODS + 1) for k in range(PERIODS + 1))), False


_ENOUGH = 50


def _period(metric: Metric) -> float:
    return metric.window_days * 86_400.0 / PERIODS


def decide_wave(wave: Wave, *, now: datetime) -> Wave:
    """Store a wave's shares at the moment they are decided; they never change afterwards."""
    found = shares(wave.experiment, now=now)
    wave.weights, wave.evidence = found.weights, found.evidence
    wave.floor, wave.decided_at = floor_of(wave.experiment), now
    wave.save(update_fields=["weights", "evidence", "floor", "decided_at"])
    return wave
