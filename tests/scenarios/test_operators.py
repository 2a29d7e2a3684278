"""An operator at three in the morning, and the marketer after breakfast: everything by mouse and keyboard."""

import csv
import os
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.actions import create_campaign, launch_campaign
from campaigns.content.services import create_template
from campaigns.models import Campaign
from campaigns.schedule.due import launch_due
from delivery.models import FrequencyCap, Message, Provider, Run
from delivery.outbox.send import deliver
from tests.campaigns.actions.conftest import Postbox
from tests.delivery import conftest as parts
from tests.factories.shop import NOW, PASSWORD
from tests.scenarios.browser import DARK_FIRST, MARKS, visit

pytestmark = MARKS
SHOTS = os.environ.get("RAPPORT_SHOTS")
smtp_server = parts.smtp_server  # the same fixture


@pytest.fixture
def shop(settings, live_server, opened):
    """Store a shop with a campaign on its way and one that went three times."""
    settings.PUBLIC_URL = live_server.url
    now = datetime.now(UTC)
    daily = create_campaign(
        user=None, now=now, name="Good morning", slug="daily", kind=Campaign.Kind.EMAIL, channel="onsite",
        content=create_template(
            name="Morning", subject="Good morning", preheader="", now=now,
            blocks=[{"kind": "text", "text": "Hello {{ customer.first_name }}"}, {"kind": "footer"}],
        ),
        timing="recurring", every="day", at_time=now.time().replace(microsecond=0), spread_hours=0,
        holidays="wait",
    )  # fmt: skip
    launch_campaign(daily, user=None, now=now, as_of=NOW)
    daily.refresh_from_db()
    for day in range(3):
        launch_due(now=daily.next_at + timedelta(days=day), as_of=NOW + timedelta(days=day))
    return opened | {"daily": f"/admin/campaigns/{daily.pk}/report/"}


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_sending_is_watched_held_paced_and_decided_about(live_server, shop, smtp_server):
    smtp_server(Postbox())
    run = Run.objects.get(channel="email")
    Message.objects.filter(run=run, state="pending").update(due_at=datetime.now(UTC))
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/delivery/runs/")
        page.click(f"a[href='{shop['run']}']")
        page.click("button:has-text('Pause')")
        page.wait_for_selector(".st-pill:has-text('Paused')")
        assert deliver(run.pk, clock=lambda: datetime.now(UTC)) == 0

        page.focus("summary:has-text('Change the pace')")
        page.keyboard.press("Enter")
        page.fill("[name=per_hour]", "1200")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=1,200 messages an hour at most")
        shot(page, "run-paused")
        page.click("button:has-text('Resume')")
        page.wait_for_selector(".st-pill:has-text('Running')")

        # Meanwhile a worker sends; the page follows by itself.
        before = page.locator("[aria-label=sent] .v").inner_text()
        sent = deliver(run.pk, clock=lambda: datetime.now(UTC))
        assert sent > 0
        page.wait_for_function(
            "n => document.querySelector('[aria-label=sent] .v')?.innerText.trim() == n",
            arg=str(int(before) + sent),
        )
        page.click("a:has-text('Decide')")
        page.wait_for_selector("text=1 message is uncertain")
        shot(page, "run-uncertain")
        page.click("button:has-text('Let be') >> nth=-1")
        page.wait_for_function("document.body?.innerText.includes('1 message is uncertain') === false")
        assert Message.objects.filter(run=run, skip_reason="let_be").count() == 1

        window.go(shop["run"])
        if page.locator("button:has-text('Cancel the rest')").count():
            page.click("button:has-text('Cancel the rest')")
        run.refresh_from_db()
        assert run.state in ("cancelled", "finished")
        assert window.complaints == []


def test_the_log_is_narrowed_and_taken_along(live_server, shop):
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/delivery/log/")
        page.select_option("[name=state]", "failed")
        page.fill("[name=since]", "2026-01-01")  # else the last 30 days
        page.click("button:has-text('Show')")
        page.wait_for_load_state("networkidle")
        failed = Message.objects.filter(state="failed").count()
        assert page.locator("tbody tr").count() == failed > 0
        shot(page, "log-failed")
        with page.expect_download() as taken:
            page.click("a:has-text('Download as CSV')")
        with taken.value.path().open(encoding="utf-8-sig", newline="") as table:
            assert len(list(csv.reader(table))) == failed + 1
        assert window.complaints == []


def test_rules_and_providers_are_set_up_by_form(live_server, shop):
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/delivery/rules/")
        page.click("a:has-text('Add a cap')")
        page.fill("[name=name]", "Three a week")
        page.click("[name=_save]")
        page.wait_for_selector("a:has-text('Three a week')")
        assert FrequencyCap.objects.get().most == 3
        shot(page, "rules")
        window.go("/admin/delivery/providers/")
        page.click("a[href$='kind=sms-http']")
        page.fill("[name=name]", "Second gateway")
        page.fill("[name=setting_url]", "https://sms.example/second")
        shot(page, "provider-form")
        page.click("[name=_save]")
        page.wait_for_selector("h2:has-text('Second gateway')")
        assert Provider.objects.filter(name="Second gateway", channel="sms").exists()
        shot(page, "providers")
        assert window.complaints == []


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
def test_every_sending_of_a_campaign_is_in_its_report(live_server, shop, theme, language):
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        assert window.go(shop["daily"]) == 200
        assert page.locator("#sendings tbody tr").count() == 3
        people = Run.objects.filter(channel="onsite").values_list("audience", flat=True)
        parts = page.locator("#campaign-parts dd").all_inner_texts()
        assert sum(int(part) for part in parts) == sum(people)
        page.click(".st-pace summary")
        shot(page, f"daily-{theme}")
        faults = window.faults()
        page.click("#sendings tbody a >> nth=1")
        page.wait_for_selector("[aria-current=true]")
        parts = page.locator("#campaign-parts dd").all_inner_texts()
        assert sum(int(part) for part in parts) == people[0]
        shot(page, f"one-sending-{theme}")
        faults += window.faults()
        for name in ("run", "new campaign", "campaign review", "run unreached"):
            assert window.go(shop[name]) == 200
            shot(page, f"{name.replace(' ', '-')}-{theme}")
            faults += [f"{name}: {fault}" for fault in window.faults()]
        assert (faults, window.complaints) == ([], [])
