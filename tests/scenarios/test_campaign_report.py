"""A campaign's report as a marketer reads it: verdict, way to the order, clicks over the mail, people."""

import os

from tests.console.test_campaign_report import shop as sent
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.messages import look

__all__ = ["sent"]
pytestmark = MARKS
TABS = {"results": "", "content": "content/", "people": "people/", "log": "log/"}


def test_the_report_reads_well_and_leads_to_its_people(live_server, sent, settings, alice):
    settings.PUBLIC_URL = live_server.url
    campaign, _run, _messages = sent
    root = f"/admin/campaigns/{campaign.pk}/report/"
    faults: list[str] = []
    for theme, language in (("light", "en"), ("dark", "zh-hans")):
        with visit(live_server.url, theme=theme, language=language) as window:
            page = window.page
            window.sign_in("alice", PASSWORD)
            for name, tab in TABS.items():
                assert window.go(root + tab) == 200
                look(window, f"report-{name}", faults)
                if os.environ.get("SHOTS"):
                    page.screenshot(
                        path=f"{os.environ['SHOTS']}/report-{name}-{theme}-full.png", full_page=True
                    )
            # The picture of the clicks says what the table beside it says.
            window.go(f"{root}content/")
            share = page.locator("#clicks tbody tr:has-text('2') .n").nth(1).inner_text()
            [frame] = page.frames[1:]
            assert share in frame.evaluate("document.body.innerText")
            if language == "en":
                # From a step of the way to the people who took it, and to one of them.
                window.go(root)
                page.click(".cr-funnel a:has-text('Clicked')")
                page.wait_for_url("**/people/?did=clicked")
                assert page.locator("tbody tr").count() == 8
                page.click("tbody tr a >> nth=0")
                page.wait_for_url("**/admin/customers/*/")
                # The rows stay usable on a phone: nothing is wider than the screen.
                page.set_viewport_size({"width": 390, "height": 800})
                for name, tab in TABS.items():
                    window.go(root + tab)
                    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
                    assert wide <= 0, name
                    look(window, f"report-{name}-phone", faults)
            assert window.complaints == []
    assert faults == []
