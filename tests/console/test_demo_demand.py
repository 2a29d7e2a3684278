"""The demo's forecast runs beside the rest: its failure is told, and it ends with whoever waits for it."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError

from console.demo import demand, story
from recommendations.models import DemandRun


def process(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_forecast_that_fails_is_told_with_its_log(tmp_path):
    log = tmp_path / "demand.log"
    with pytest.raises(CommandError, match=r"could not be forecast; the reason is in .*demand\.log"):
        demand.Forecasting(process("raise SystemExit(3)"), log).wait(print)
    demand.Forecasting(process("pass"), log).wait(print)
    demand.Forecasting(None, log).wait(print)


def test_who_stops_waiting_stops_the_forecast(db, monkeypatch):
    begun = process("import time; time.sleep(600)")
    monkeypatch.setattr(demand, "_begun", lambda log: begun)
    with pytest.raises(KeyboardInterrupt), demand.forecasting(story.PRESENT):
        raise KeyboardInterrupt
    assert begun.poll() is not None


def test_what_was_forecast_after_the_import_is_not_forecast_again(db, monkeypatch):
    monkeypatch.setattr(demand, "_begun", lambda log: pytest.fail("it was forecast again"))
    since = story.PRESENT
    DemandRun.objects.create(
        as_of=story.PRESENT, created_at=since + timedelta(hours=1), method="boosted", products=1, quality={}
    )
    with demand.forecasting(since) as forecast:
        forecast.wait(print)
