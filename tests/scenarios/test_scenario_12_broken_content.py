"""Scenario 12: a variable that is missing or a link that is broken blocks the launch, and is named."""

import pytest

from campaigns.actions import create_campaign
from campaigns.content.services import create_template
from campaigns.models import Campaign
from delivery.models import Message
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import LIGHT_FIRST, MARKS, visit
from tests.scenarios.messages import NOW, inbox, look, previewed, saved, shop

__all__ = ["inbox", "shop"]
pytestmark = MARKS
PASTED = "<a href='#'>Sale</a> <a href='{{ unsubscribe_url }}'>Out</a> {{ shop.address }}"


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_what_is_wrong_is_named_where_it_stands_and_stops_the_launch(
    live_server, shop, inbox, theme, language
):
    template = shop["winback"].template
    broken = create_template(
        name="Pasted", subject="Sale", now=NOW,
        blocks=[{"kind": "html", "html": PASTED}],
    )  # fmt: skip
    campaign = create_campaign(
        user=None, now=NOW, name="Sale", slug="sale", kind=Campaign.Kind.EMAIL, content=broken
    )
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        # A variable that nobody has is named at its block, and cannot be saved as a version.
        window.go(f"/admin/templates/{template.pk}/")
        previewed(window, "ABCDE-FGH23")
        page.click("[data-key='block:title']")
        page.fill("[data-key='title.text']", "Hi {{ customer.nickname }}")
        page.wait_for_selector("[data-ce=findings] .wrong:has-text('customer.nickname')")
        assert page.locator("[data-key='title.text'][aria-invalid]").count() == 1
        look(window, "template-mistake", faults)
        page.click("[data-ce=save]")
        page.wait_for_selector(".ce-told.bad")
        assert template.versions.count() == 1
        # So is a link that leads nowhere.
        page.fill("[data-key='title.text']", "Hi {{ customer.first_name }}")
        page.wait_for_selector("[data-ce=findings] .advice:has-text('first_name')")
        saved(window)
        # What was saved before it broke does not go out: the launch says why, and where to mend it.
        assert window.go(f"/admin/campaigns/{campaign.pk}/plan/review/") == 200
        page.wait_for_selector("[data-plan=blocking]:has-text('#')")
        assert page.locator("[data-plan=blocking] a[href$='/plan/content/']").count() >= 1
        assert page.locator("button.pw-send").is_disabled()
        look(window, "launch-blocked", faults)
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DRAFT
    assert not Message.objects.exists()
