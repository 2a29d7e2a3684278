"""Alice walks every page in both languages and themes; nothing is broken, foreign or inaccessible."""

import pytest

from campaigns.outcomes.daily import orders
from config.navigation import NAVIGATION
from tests.factories.shop import NOW, PASSWORD
from tests.scenarios.browser import LIGHT_FIRST, MARKS, visit

pytestmark = MARKS


@pytest.fixture
def shop(opened):
    orders.build(now=NOW)  # home draws the days' sums
    return opened


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_every_page_is_sound(live_server, shop, theme, language):
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        links = page.eval_on_selector_all("#nav-sidebar-apps a", "links => links.map(a => a.pathname)")
        assert len(links) == sum(len(group["items"]) for group in NAVIGATION), links
        faults = []
        for path in [*links, *shop.values()]:
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


def test_planted_faults_are_found(live_server, shop):
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
