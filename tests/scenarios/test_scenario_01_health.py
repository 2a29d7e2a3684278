"""Scenario 1: fresh from the sign-in one sees workers, queue age, last beat and the sending domain."""

import os
import signal
import subprocess
import sys
import time

import pytest

from core import clock
from delivery.deliverability.domain import sender_domain
from delivery.deliverability.models import DomainCheck
from delivery.models import Run
from events.models import ChangeNote
from tests.delivery.conftest import ROOT, process_env
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import LIGHT_FIRST, MARKS, visit

pytestmark = MARKS
SHOTS = os.environ.get("RAPPORT_SHOTS")
#: A worker that was killed is told of within so many seconds: 35 of silence, 10 until the page asks again.
TOLD = 50


@pytest.fixture
def worker():
    """Return a function that starts one Celery worker for all queues; it is gone after the test."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config.celery", "--quiet", "worker", "-c", "1"]
            + ["-Q", "default,ingest,delivery,training", "-n", "only@here"],
            cwd=ROOT, env=process_env(RAPPORT_LOG_LEVEL="WARNING"), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def state(page, sign):
    return page.locator(f"[data-sign='{sign}']").get_attribute("data-state")


def look(window, name, faults):
    faults += [f"{name}: {fault}" for fault in window.faults()]
    if SHOTS:
        window.page.screenshot(path=f"{SHOTS}/01-{name}.png", full_page=True)


@pytest.mark.long
def test_health_is_there_from_the_sign_in_and_a_killed_worker_is_told_of(live_server, opened, worker):
    DomainCheck.objects.create(
        domain=sender_domain(), checked_at=clock.now(),
        findings=[
            {"what": what, "level": level, "sentence": sentence, "advice": advice}
            for what, level, sentence, advice in (
                ("SPF", "ok", "It names its servers.", ""),
                ("DKIM", "ok", "The key can be checked.", ""),
                ("DMARC", "bad", "It does not say what to do with forged mail.", "Add this TXT record."),
            )
        ],
    )  # fmt: skip
    # The common shop's work is of another day than the clock's: to it, all of that would be late.
    ChangeNote.objects.all().delete()
    Run.objects.filter(state=Run.State.RUNNING).update(state=Run.State.FINISHED)
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        health = page.locator("section:has(#health-title)")
        assert "none is at work" in health.inner_text()
        assert f"{sender_domain()}: look at DMARC" in health.inner_text()
        look(window, "home", faults)
        process = worker()
        page.click("text=See everything")
        page.wait_for_selector("[data-sign=Workers][data-state=ok]", timeout=60_000)
        page.wait_for_selector("[data-sign=Beat][data-state=ok]", timeout=30_000)
        text = page.locator("#signs").inner_text()
        assert "only@here at work: default, delivery, ingest, training" in " ".join(text.split())
        assert "last beat" in text
        assert "nothing waits" in text
        assert [state(page, sign) for sign in ("Queues", "Outbox", "Sending domain")] == ["ok", "ok", "bad"]
        assert "Add this TXT record." in text
        look(window, "well", faults)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed = time.monotonic()
        page.wait_for_selector("[data-sign=Workers][data-state=bad]", timeout=(TOLD + 10) * 1000)
        assert time.monotonic() - killed <= TOLD
        assert "silent, last seen" in page.locator("[data-sign=Workers]").inner_text()
        assert "Start a worker for it" in page.locator("[data-sign=Workers]").inner_text()
        look(window, "killed", faults)
        assert faults == []
        assert window.complaints == []


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_home_health_and_calendar_are_sound(live_server, opened, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        window.sign_in("alice", PASSWORD)
        for name, path in (
            ("home", "/admin/?days=90"), ("health", "/admin/health/"), ("calendar", "/admin/calendar/"),
            ("week", "/admin/calendar/?view=week"), ("list", "/admin/calendar/?view=list"),
        ):  # fmt: skip
            assert window.go(path) == 200
            look(window, f"{name}-{theme}-{language}", faults)
        assert faults == []
        assert window.complaints == []


def test_the_calendar_goes_by_the_keyboard(live_server, opened):
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/calendar/?day=2031-05-14")
        heading = page.locator(".cal-move h2")
        assert heading.inner_text() == "May 2031"
        page.locator("[data-day='2031-05-14']").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("document.activeElement.dataset.day") == "2031-05-20"
        page.keyboard.press("Enter")
        page.wait_for_url("**/campaigns/new/?day=2031-05-20")
        page.go_back()
        page.keyboard.press("n")
        page.wait_for_function("document.querySelector('.cal-move h2')?.textContent === 'June 2031'")
        page.keyboard.press("t")
        page.wait_for_function("document.querySelector('.cal-day.today')")
        assert window.complaints == []
