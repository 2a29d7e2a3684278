"""From the sign-in to the first campaign by the mouse: every interaction counted, under five minutes."""

import time

from campaigns.models import Campaign
from delivery.models import Run
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import visit
from tests.scenarios.planning import MARKS, PEOPLE, pass_minute, people, postbox  # noqa: F401  fixtures

pytestmark = MARKS
MOST = 25
MINUTES = 5


def test_the_first_campaign(live_server, people, postbox):  # noqa: F811
    began, did = time.monotonic(), 0
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page

        def act(what, *given):
            nonlocal did
            did += 1
            getattr(page, what)(*given)

        page.goto(f"{window.origin}/admin/login/")
        act("fill", "[name=username]", "alice")
        act("fill", "[name=password]", PASSWORD)
        act("click", "[type=submit]")
        page.wait_for_url(f"{window.origin}/admin/")
        act("click", "a:has-text('New campaign')")
        act("click", "button[value=sell]")
        act("fill", "[data-field=name]", "My first campaign")
        for step in ("audience", "content", "test"):
            act("click", "[data-plan=onward]")
            page.wait_for_url(f"**/plan/{step}/")
        act("fill", "[name=holdout]", "25")
        act("click", "[data-plan=onward]")
        page.wait_for_url("**/plan/review/")
        page.wait_for_selector("h1:has-text('My first campaign')")
        act("click", ".pw-send:has-text('Send to 9 people')")
        page.wait_for_selector("[data-undo]")
        assert not Run.objects.exists()
        assert window.complaints == []
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.state) == ("My first campaign", "scheduled")
    pass_minute()
    run = Run.objects.get()
    assert run.audience == PEOPLE and 0 < len(postbox.mails) < PEOPLE
    assert did <= MOST, did
    assert time.monotonic() - began < MINUTES * 60
