"""Scores, model card, values and the RFM grid as a marketer opens them, and a cell that becomes a segment."""

from campaigns.schedule.models import PersonHour
from profiles.models import CustomerScore
from profiles.scores.services import score_customers
from profiles.services import build_profiles
from tests.factories.shop import PASSWORD
from tests.profiles.conftest import AS_OF, shop
from tests.profiles.scores.test_scores import history
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.test_imports import look

__all__ = ["history", "shop"]
pytestmark = MARKS


def test_from_a_figure_to_a_segment(live_server, history, settings, alice):
    settings.SHOP_AS_OF = AS_OF.isoformat()
    build_profiles(as_of=AS_OF, now=AS_OF)
    score_customers(as_of=AS_OF, now=AS_OF)
    risky = CustomerScore.objects.filter(kind="churn").order_by("-score").first()
    PersonHour.objects.create(
        customer_id=risky.customer_id, hour=18, rate=0.031, low=0.004, high=0.078, acts=34, sent=5
    )
    pages = {
        "scores": "/admin/scores/",
        "score": "/admin/scores/churn/",
        "value": "/admin/scores/value/",
        "rfm": "/admin/scores/rfm/",
        "customer": f"/admin/customers/{risky.customer_id}/",
    }
    faults: list[str] = []
    few = ("score", "customer")
    for theme, language, names in (("light", "en", tuple(pages)), ("dark", "zh-hans", few)):
        with visit(live_server.url, theme=theme, language=language) as window:
            window.sign_in("alice", PASSWORD)
            for name in names:
                assert window.go(pages[name]) == 200
                look(window, f"people-{name}", faults)
            assert window.complaints == []
            if language == "en":
                cell_to_segment(window)
    assert faults == []


def cell_to_segment(window):
    window.go("/admin/scores/rfm/")
    cell = window.page.locator(".pp-grid td.on a").first
    people = cell.locator("b").inner_text()
    cell.focus()
    window.page.keyboard.press("Enter")
    window.page.wait_for_url("**/segments/new/**")
    window.page.wait_for_function(
        "n => document.querySelector('[data-sb=size]')?.innerText.trim() === n", arg=people
    )
    assert window.page.input_value("[data-sb=name]").startswith("Recency")
