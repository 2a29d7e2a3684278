"""Training while nobody looks."""

import contextlib
from datetime import timedelta

from celery import shared_task

from core import clock
from core.periodic import once_per_slot
from recommendations.demand.services import TooLittleHistoryError, forecast_demand
from recommendations.quality.services import forget_decisions, look_back
from recommendations.services.refreshing import growth, refresh_lists
from recommendations.services.training import finish_lists, train_models


@shared_task
def train() -> None:
    """Train every active strategy as of the shop's present; nightly by beat, once an hour at most.

    What a training before could not end is ended first.
    """
    now = clock.now()

    def run() -> None:
        finish_lists(now=now)
        train_models(as_of=clock.knowledge_now(), now=now)

    once_per_slot("train", every=timedelta(hours=1), now=now, run=run)


@shared_task
def keep_up() -> None:
    """Between trainings: end what was begun, train where much came in, else bring lists up to date.

    Every ten minutes by beat; a full or warm training at most once in six hours.
    """
    now = clock.now()
    once_per_slot("keep-lists", every=timedelta(minutes=10), now=now, run=_keep_up)


def _keep_up() -> None:
    now, as_of = clock.now(), clock.knowledge_now()
    finish_lists(now=now)
    grown = growth(as_of)
    if grown is None:
        return
    if grown.advice and once_per_slot(
        "train-grown",
        every=timedelta(hours=6),
        now=now,
        run=lambda: train_models(as_of=as_of, now=now, warm=grown.advice == "warm"),
    ):
        return
    refresh_lists(as_of=as_of, now=now)


@shared_task
def forecast() -> None:
    """Forecast the demand for every product, nightly by beat; a shop without history has none."""
    now = clock.now()

    def run() -> None:
        with contextlib.suppress(TooLittleHistoryError):
            forecast_demand(as_of=clock.knowledge_now(), now=now)

    once_per_slot("forecast-demand", every=timedelta(hours=1), now=now, run=run)


@shared_task
def review() -> None:
    """Add up what lists did and what they never show, then forget answers that are too old; nightly."""
    now = clock.now()

    def run() -> None:
        look_back(as_of=clock.known_until(now), now=now)
        forget_decisions(now=now)

    once_per_slot("review-lists", every=timedelta(hours=1), now=now, run=run)
