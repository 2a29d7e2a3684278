"""From the sign-in to the first campaign's report by the mouse: each interaction counted, in five minutes."""

import time

from campaigns.models import Campaign
from delivery.models import Message, Run
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import visit
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    PEOPLE,
    pass_minute,
    people,
    postbox,
    saved,
)

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
        act("click", "label:has([name=lever][value=subject])")
        act("fill", "[data-plan=arms] li:nth-child(2) input[data-arm]", "Six things for you")
        saved(window)
        # How the second subject reads is seen before it is sent.
        act("click", "[data-see-arm=b]")
        page.wait_for_selector("[data-plan=arms-seen] p:has-text('Six things for you')")
        act("click", "[data-plan=onward]")
        page.wait_for_url("**/plan/review/")
        page.wait_for_selector("h1:has-text('My first campaign')")
        act("click", ".pw-send:has-text('Send to 9 people')")
        page.wait_for_selector("[data-undo]")
        assert not Run.objects.exists()
        campaign = Campaign.objects.get()
        assert (campaign.name, campaign.state) == ("My first campaign", "scheduled")
        pass_minute()
        act("click", "#nav-sidebar a[href$='/campaigns/campaign/']")
        act("click", "a[href$='/report/']:has-text('My first campaign')")
        page.wait_for_url("**/report/")
        rows = page.locator("table:has-text('Revenue per person') tbody tr").all_inner_texts()
        assert any("B: Six things for you" in row for row in rows), rows
        assert window.complaints == []
    run = Run.objects.get()
    sent = Message.objects.filter(run=run, state="sent")
    # Who is held out, and who gets which subject, is drawn by lot.
    held_out = Message.objects.filter(run=run, state="held_out").count()
    assert (run.audience, len(postbox.mails), sent.count()) == (PEOPLE, PEOPLE - held_out, PEOPLE - held_out)
    assert set(sent.values_list("context__variant", flat=True)) <= {"a", "b"}
    assert did <= MOST, did
    assert time.monotonic() - began < MINUTES * 60
