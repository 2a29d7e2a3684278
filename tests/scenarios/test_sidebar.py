"""Alice walks every page in both languages and themes; nothing is broken, foreign or inaccessible."""

import pytest

from campaigns.outcomes.daily import orders
from config.navigation import NAVIGATION
from tests.factories.shop import NOW, PASSWORD
from tests.scenarios.browser import MARKS, visit

pytestmark = MARKS


@pytest.fixture
def shop(opened):
    orders.build(now=NOW)  # home draws the days' sums
    return opened


@pytest.mark.parametrize(
    ("every", "theme", "language"),
    [
        (3, "light", "en"),
        pytest.param(1, "light", "en", marks=pytest.mark.long),
        pytest.param(1, "dark", "zh-hans", marks=pytest.mark.long),
    ],
)
def test_every_page_is_sound(live_server, shop, every, theme, language):
    """Every page by bin/scenarios; by bin/test each third one, beside those that have tests of their own."""
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        links = page.eval_on_selector_all("#nav-sidebar-apps a", "links => links.map(a => a.pathname)")
        assert len(links) == sum(len(group["items"]) for group in NAVIGATION), links
        faults = []
        for path in dict.fromkeys([*[*links, *shop.values()][::every], shop["mail"]]):
            status = window.go(path)
            assert status == 200, (path, status)
            assert page.locator("#nav-sidebar").count() == 1, f"{path}: not signed in"
            assert page.evaluate("document.documentElement.classList.contains('dark')") is (theme == "dark")
            assert page.evaluate("document.documentElement.lang") == language
            assert page.locator("main, [role=main]").count() == 1, path
            faults += [f"{path} {fault}" for fault in window.faults()]
        assert faults == []
        # The mail carries a script; the browser says that it was not run, and nothing else.
        blocked = [c for c in window.complaints if "Blocked script execution" in c]
        assert len(blocked) == 1
        assert [c for c in window.complaints if c not in blocked] == []
        assert page.evaluate("window.hacked") is None


def test_planted_faults_are_found(live_server, alice):
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        window.page.evaluate(
            """document.querySelector('main').insertAdjacentHTML('beforeend',
               '<img src="data:,"><input type="text"><p style="color:#ddd;background:#fff">pale</p>')"""
        )
        found = {fault.split(":")[0] for fault in window.faults()}
        assert {"image-alt", "label", "color-contrast"} <= found


def test_charts_come_alive_and_follow_the_theme(live_server, shop):
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        page = window.page
        page.wait_for_selector(".st-picture.is-live .st-stage svg")
        light = page.inner_html(".st-picture.is-live .st-stage")
        page.evaluate("document.documentElement.classList.add('dark')")
        page.wait_for_function(
            "before => document.querySelector('.st-picture.is-live .st-stage').innerHTML !== before",
            arg=light,
        )
        page.click(".st-data summary")
        assert page.locator(".st-data[open] tbody tr").count() >= 1
        assert window.complaints == []
