"""What is around every page: Ctrl+K, the bell, saved views, undo; by keyboard, and without a fault of axe."""

import pytest
from django.utils.translation import gettext_noop as noop

from accounts import notices
from accounts.models import SavedView, User
from core import clock
from tests import screens
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit

pytestmark = MARKS


@pytest.fixture
def shop(opened):
    alice = User.objects.get(username="alice")
    title = noop("“%(title)s” is done.")
    notices.tell([alice], "job_done", title, opened["campaign"], clock.now(), facts={"title": "Spring"})
    return opened


def test_the_frame_in_a_browser(live_server, shop):
    with visit(live_server.url, theme="light", language="en") as window:
        window.sign_in("alice", PASSWORD)
        page, faults = window.page, []
        _palette(window, shop, faults)
        _bell(window, shop, faults)
        _views(window, faults)
        for name, path in (
            ("notices", "/admin/notices/"),
            ("home", "/admin/"),
            ("customer", shop["customer"]),
        ):
            seen = screens.look(window, name, path, language="en", theme="light", narrow=True)
            faults += [f"{path} {fault}" for fault in seen.faults]
        assert faults == []
        assert window.complaints == []
        # The last, for what it makes the window complain of.
        assert screens.planted(window) >= screens.EXPECTED
        # Whoever signs in next does not see what was opened before.
        kept = "Object.keys(localStorage).filter(key => key.startsWith('rapport.recent.')).length"
        window.go("/admin/")
        assert page.evaluate(kept) == 1
        with page.expect_navigation():
            page.evaluate("document.querySelector('form[action$=\"/logout/\"]').requestSubmit()")
        page.wait_for_load_state("networkidle")
        assert page.evaluate(kept) == 0


def _palette(window, shop, faults):
    page = window.page
    window.go("/admin/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] [role=option]")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    faults += [f"palette {fault}" for fault in window.faults()]
    # Half a Chinese word asks for nothing.
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/search/" in request.url else None)
    page.evaluate(
        """document.querySelector('#palette input').dispatchEvent(
             new InputEvent('input', { isComposing: true, bubbles: true }))"""
    )
    page.wait_for_timeout(300)
    assert asked == []
    # Where nothing is found, that is said beside the list, which is not there.
    page.keyboard.type("zzzz")
    page.wait_for_selector("#palette [data-nothing] .none")
    assert page.locator("#palette-list").is_hidden()
    assert page.locator("#palette [role=status]").inner_text().startswith("Nothing is called")
    faults += [f"palette without a find {fault}" for fault in window.faults()]
    page.fill("#palette input", "")
    page.wait_for_selector("#palette [role=option]")
    page.keyboard.type("spring")
    page.wait_for_selector("#palette [role=option]:has-text('Spring picks')")
    assert page.locator("#palette [aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{shop['campaign']}")
    # A customer is remembered by the id, never by the name.
    page.keyboard.press("Control+k")
    page.keyboard.type("no3")
    page.wait_for_selector("#palette [role=option]:has-text('Ann No3')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/customers/*/")
    page.click(".st-find")
    page.wait_for_selector("#palette [role=group] h3:has-text('Recently opened')")
    recent = page.locator("#palette [aria-labelledby=palette-recent]").inner_text()
    assert "c3" in recent
    assert "Spring picks" in recent
    assert "Ann" not in recent
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.locator("#palette [role=option]").first.get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    assert page.locator("#palette[open]").count() == 0


def _bell(window, shop, faults):
    page = window.page
    window.go("/admin/")
    page.wait_for_selector(".st-bell b")
    assert page.inner_text(".st-bell b") == "1"
    page.focus(".st-bell")
    page.keyboard.press("Enter")
    page.wait_for_selector(".st-bellpanel .st-notices li")
    # The panel lies over links of the page, which is looked at by itself below.
    faults += [f"bell {fault}" for fault in window.faults(within=".st-bellbox")]
    page.keyboard.press("Escape")
    assert page.locator(".st-bellbox[open]").count() == 0
    page.keyboard.press("Enter")
    page.click(".st-bellpanel .st-notices a")
    page.wait_for_url(f"**{shop['campaign']}")
    page.wait_for_load_state("networkidle")
    assert page.locator(".st-bell b").count() == 0


def _views(window, faults):
    page = window.page
    window.go("/admin/customers/customer/?o=4")
    page.click(".st-viewmenu > summary")
    page.fill(".st-viewmenu [name=name]", "By orders")
    page.check(".st-viewmenu [name=shared]")
    faults += [f"views {fault}" for fault in window.faults()]
    page.click(".st-viewmenu .st-btn.p")
    page.wait_for_selector(".st-views [aria-current]:has-text('By orders')")
    assert SavedView.objects.get().shared
    page.click(".st-viewmenu > summary")
    page.click(".st-viewmenu .line.bad")
    page.wait_for_selector(".st-undo button")
    assert not SavedView.objects.exists()
    faults += [f"undo {fault}" for fault in window.faults()]
    page.click(".st-undo button")
    page.wait_for_selector(".st-views [aria-current]:has-text('By orders')")
    assert SavedView.objects.get().query == "o=4"
