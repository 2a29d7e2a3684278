"""20: a second person must approve; the audit log shows who changed what."""

from accounts.models import AuditEntry, User
from campaigns.models import Campaign, CampaignRules
from delivery.models import Run
from tests.factories.shop import PASSWORD
from tests.scenarios.planning import (  # noqa: F401  fixtures
    MARKS,
    begin,
    pass_minute,
    people,
    postbox,
    saved,
    send,
    step,
    window,
)  # fmt: skip

pytestmark = MARKS


def test_two_people_one_campaign(window, people, live_server, postbox):  # noqa: F811
    CampaignRules.objects.create(pk=1, approval_above=10)
    campaign = begin(window, "sell")
    step(window, campaign, "review")
    page = window.page
    assert page.locator(".pw-send:has-text('Send to')").count() == 0
    page.fill("[name=note]", "For Friday")
    page.click("button:has-text('Ask for approval')")
    page.wait_for_selector("text=Waiting for a second person")
    bob = page.context.browser.new_context()
    his = bob.new_page()
    his.goto(f"{live_server.url}/admin/login/")
    his.fill("[name=username]", "bob")
    his.fill("[name=password]", PASSWORD)
    his.click("[type=submit]")
    review = f"{live_server.url}/admin/campaigns/{campaign.pk}/plan/review/"
    his.goto(review)
    his.wait_for_selector("text=For Friday")
    his.fill("[name=reason]", "The name is dull")
    his.click("button:has-text('Send back')")
    his.wait_for_selector("text=Sent back")
    step(window, campaign, "goal")
    page.wait_for_selector("text=The name is dull")
    page.fill("[data-field=name]", "Friday's picks")
    saved(window)
    step(window, campaign, "review")
    page.click("button:has-text('Ask for approval')")
    page.wait_for_selector("text=Waiting for a second person")
    his.goto(review)
    his.click("button:has-text('Approve')")
    his.wait_for_selector(".st-pill.ok:has-text('Approved')")
    # What she changes afterwards he has not seen.
    step(window, campaign, "goal")
    page.fill("[data-field=goal_days]", "3")
    saved(window)
    step(window, campaign, "review")
    page.wait_for_selector("text=changed after it was approved")
    assert page.locator(".pw-send:has-text('Send to')").count() == 0
    page.click("button:has-text('Ask for approval')")
    page.wait_for_selector("text=Waiting for a second person")
    his.goto(review)
    his.click("button:has-text('Approve')")
    his.wait_for_selector(".st-pill.ok:has-text('Approved')")
    step(window, campaign, "goal")
    step(window, campaign, "review")
    assert not Run.objects.exists()
    send(window)
    pass_minute()
    assert len(postbox.mails) == 12
    alice, hers = User.objects.get(username="alice"), User.objects.get(username="bob")
    log = AuditEntry.objects.filter(object_id=str(campaign.pk)).order_by("id")
    wanted = ("ask_for_approval", "send_back_campaign", "approve_campaign", "put_in_order", "launch_campaign")
    assert [(e.action, e.user) for e in log if e.action in wanted] == [
        ("ask_for_approval", alice), ("send_back_campaign", hers), ("ask_for_approval", alice),
        ("approve_campaign", hers), ("ask_for_approval", alice), ("approve_campaign", hers),
        ("put_in_order", alice), ("launch_campaign", alice),
    ]  # fmt: skip
    changed = [(e.before, e.after) for e in log if e.action == "change_campaign"]
    assert changed == [
        ({"name": "Sell more"}, {"name": "Friday's picks"}), ({"goal_days": 28}, {"goal_days": 3}),
    ]  # fmt: skip
    assert Campaign.objects.get().state == "finished"
    bob.close()
    assert window.complaints == []
