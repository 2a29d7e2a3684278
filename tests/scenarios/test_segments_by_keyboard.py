"""The segment builder, as somebody without a mouse works in it: every edit, undo, errors, saving."""

import pytest

from core import clock
from segments.models import Segment
from segments.refresh import refresh_all
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import DARK_FIRST, MARKS, visit
from tests.scenarios.building import NOW, Keyboard, look, shop

__all__ = ["shop"]
pytestmark = MARKS


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
def test_a_segment_is_built_by_keyboard_alone(live_server, shop, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/segments/new/") == 200
        keys.size("10")
        # A first condition: country is DE. Counts come while typing; the focus does not move.
        keys.go(":add")
        keys.press("Enter")
        assert keys.focus().endswith(":subject")
        keys.choose("field:customer.country")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("DE")
        keys.size("4")
        assert keys.focus().endswith(":value")
        assert page.evaluate("document.activeElement.selectionStart") == 2
        # A second one: bought in the last 90 days.
        keys.go(":add")
        keys.press("Enter")
        keys.choose("event:purchase")
        keys.size("2")
        counts = page.eval_on_selector_all(".sb-leaf .sb-count", "all => all.map(c => c.textContent)")
        assert counts == ["4", "3"]
        # Moved up without leaving it, and back by undo.
        keys.press("Alt+ArrowUp")
        assert keys.subjects() == ["event:purchase", "field:customer.country"]
        assert keys.focus().endswith(":subject")
        keys.press("Control+z")
        assert keys.subjects() == ["field:customer.country", "event:purchase"]
        keys.press("Control+y")
        assert keys.subjects() == ["event:purchase", "field:customer.country"]
        look(window, "segment-builder", faults)
        # Put into a group, in which either counts; then taken apart again.
        keys.go(":dots")
        keys.press("Enter")
        keys.go(":nest")
        look(window, "segment-menu", faults)
        keys.press("Enter")
        assert keys.focus().endswith(":add")
        assert page.locator(".sb-group").count() == 2
        keys.press("Enter")
        keys.choose("field:customer.external_id")
        keys.go(":op")
        keys.choose("eq")
        keys.go(":value")
        page.keyboard.type("c0")
        keys.size("2")
        # The opposite, then back: twice turned is as before.
        keys.go(":dots")
        keys.press("Enter")
        keys.go(":turn")
        keys.press("Enter")
        keys.size("4")
        assert page.locator(".sb-not").count() == 1
        keys.go(":not", back=True)
        keys.press("Enter")
        keys.size("2")
        # What the server does not take is said at the condition it is about.
        keys.go(":span", back=True)
        keys.press("Control+a")
        page.keyboard.type("99999")
        page.wait_for_selector(".sb-leaf.is-wrong .sb-error:not(:empty)")
        wrong = page.eval_on_selector_all(".sb-leaf.is-wrong .sb-subject", "all => all.map(s => s.value)")
        assert wrong == ["event:purchase"]
        look(window, "segment-error", faults)
        keys.press("Control+z")
        keys.size("2")
        assert page.locator(".is-wrong").count() == 0
        # Removed, and the focus goes to a neighbour.
        keys.go(":remove")
        keys.press("Enter")
        assert keys.focus().endswith((":subject", ":word"))
        keys.press("Control+z")
        keys.size("2")
        # Saved by name; without one the page says what is missing.
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_selector("[data-sb=name][aria-invalid]")
        assert page.evaluate("document.activeElement.dataset.sb") == "name"
        page.keyboard.type("Germans who buy")
        page.focus("[data-sb=save]")
        keys.press("Enter")
        page.wait_for_url("**/admin/segments/*-*/")
        page.wait_for_load_state("networkidle")
        segment = Segment.objects.get(ready_made=False)
        assert segment.name == "Germans who buy"
        assert segment.rule["all"][0]["any"][0]["event"] == "purchase"
        look(window, "segment-waiting", faults)
        refresh_all(as_of=NOW, now=clock.now(), slugs=[segment.slug])
        # The page asks by itself whether it was counted, and shows the members then.
        page.wait_for_selector(".st-kpi:first-child .v:text-is('2')")
        page.wait_for_selector("#segment-members")
        page.wait_for_load_state("networkidle")
        look(window, "segment-page", faults)
        assert window.go("/admin/segments/segment/") == 200
        look(window, "segment-list", faults)
        assert faults == []
        assert [c for c in window.complaints if "422" not in c] == []
