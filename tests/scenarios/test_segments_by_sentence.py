"""A sentence, a template, and why somebody is in a segment."""

import pytest

from segments.models import Segment
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.building import Keyboard, look, shop

__all__ = ["shop"]
pytestmark = MARKS
SENTENCES = {"en": "from Germany and likes jazz", "zh-hans": "来自德国，喜欢爵士"}


@pytest.mark.parametrize(
    ("theme", "language"), [("dark", "en"), pytest.param("light", "zh-hans", marks=pytest.mark.long)]
)
def test_a_sentence_a_template_and_why_somebody_is_in(live_server, shop, theme, language):
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page, keys = window.page, Keyboard(window)
        window.sign_in("alice", PASSWORD)
        assert window.go("/admin/segments/new/") == 200
        page.focus("[data-sb=sentence]")
        page.keyboard.type(SENTENCES[language])
        keys.press("Enter")
        page.wait_for_selector(".sb-unclear q")
        assert page.inner_text(".sb-unclear q") in ("likes jazz", "喜欢爵士")
        assert keys.subjects() == ["field:customer.country"]
        keys.size("4")
        page.focus("[data-sb=person]")
        page.keyboard.type("c9")
        page.wait_for_selector(".sb-person")
        keys.press("Tab", "Enter")
        page.wait_for_selector(".sb-why .bad")
        assert page.locator("[data-sb=why] .sb-why .bad").count() == 2
        assert "FR" in page.inner_text("[data-sb=why]")
        page.focus("[data-sb=overlap] summary")
        keys.press("Enter")
        page.wait_for_selector("[data-sb=overlaps] li")
        # A ready-made one takes its place; one undo brings the sentence's conditions back.
        page.focus("[data-sb=templates] summary")
        keys.press("Enter")
        page.wait_for_selector("[data-template]")
        keys.press("Tab", "Enter")
        page.wait_for_function("document.querySelector('.sb-subject')?.value === 'field:profile.rfm_class'")
        look(window, "segment-template", faults)
        page.focus("[data-sb=undo]")
        keys.press("Enter")
        assert keys.subjects() == ["field:customer.country"]
        assert page.evaluate("document.activeElement.dataset.sb") == "undo"
        # Used once: a list of those who fit now, and a campaign to it.
        page.focus("[data-sb=once]")
        keys.press("Enter")
        page.wait_for_url("**/admin/campaigns/new/?segment=*")
        frozen = Segment.objects.get(kind=Segment.Kind.STATIC)
        assert frozen.size == 4
        assert window.go(f"/admin/segments/{frozen.pk}/") == 200
        look(window, "segment-static", faults)
        assert window.go("/admin/segments/lists/new/") == 200
        look(window, "segment-new-list", faults)
        for width in (1024, 390):
            page.set_viewport_size({"width": width, "height": 800})
            for path in ("/admin/segments/new/?from=cart-abandoners", f"/admin/segments/{frozen.pk}/"):
                window.go(path)
                page.wait_for_timeout(200)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, path)
        assert faults == []
        assert window.complaints == []
