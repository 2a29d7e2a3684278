"""A marketer writes an offer by keyboard, tries it on a cart and switches it on; a second tab is refused."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.promotions.editing import draft_promotion, switch
from campaigns.promotions.models import Promotion
from catalog.services import upsert_products
from core.money import Money
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import DARK_FIRST, MARKS, Visit, visit
from tests.scenarios.test_imports import look

pytestmark = MARKS
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def shop(settings, alice):
    settings.SHOP_AS_OF = NOW.isoformat()
    price = Money(Decimal("10.00"), "USD")
    upsert_products([{"sku": "tea", "name": "Green tea", "category": ["Tea"], "price": price}], NOW)
    given = {"name": "Always five", "benefit": {"kind": "percent", "percent": "5"}, "currency": "USD"}
    switch(draft_promotion(given, now=NOW, user=None), True, now=NOW, user=None)
    coded = draft_promotion(given | {"name": "Coded", "needs_code": True}, now=NOW, user=None)
    pool = create_pool(name="Five", promotion=coded, now=NOW)
    generate_codes(pool, 3, now=NOW)
    return pool


def press_to(window: Visit, key: str, most: int = 80) -> None:
    """Press Tab until the input with that key has the focus."""
    for _step in range(most):
        if window.page.evaluate("document.activeElement?.dataset.key || ''") == key:
            return
        window.page.keyboard.press("Tab")
    raise AssertionError(f"{key} is not reached by Tab")


def test_an_offer_from_an_idea_to_the_till(live_server, shop):
    with visit(live_server.url, theme="light", language="en") as window:
        page, keys = window.page, window.page.keyboard
        window.sign_in("alice", PASSWORD)
        window.go("/admin/offers/new/")
        page.focus("[data-of=name]")
        keys.type("Tea week")
        press_to(window, "benefit.percent")
        keys.press("Control+A")
        keys.type("20")
        press_to(window, "conditions:add")
        page.select_option("[data-key='conditions:add']", "basket_amount")
        # The focus is where one goes on writing.
        page.wait_for_function("document.activeElement?.dataset.key === 'conditions.0.min'")
        keys.type("15")
        press_to(window, "cart:search")
        keys.type("gre")
        page.wait_for_selector(".of-found button")
        keys.press("Enter")
        page.wait_for_selector(".of-verdict.bad:has-text('5.00 USD short')")
        assert "Always five: 5% off" in page.inner_text(".of-result")
        page.fill("[data-key='cart:0:quantity']", "2")
        page.wait_for_selector(".of-verdict.ok:has-text('$4.00')")
        assert "“Tea week” is the better one." in page.inner_text(".of-reasons")
        assert "the cart is worth at least $15.00" in page.inner_text("[data-of=words]")
        assert "Always five" in page.inner_text("[data-of=overlaps]")
        keys.press("Control+S")
        page.wait_for_url("**/offers/*-*/")
        promotion = Promotion.objects.get(name="Tea week")
        assert (promotion.active, promotion.benefit["percent"]) == (False, "20")
        page.click("button:has-text('Switch on')")
        page.wait_for_selector(".st-pill:has-text('Running')")
        promotion.refresh_from_db()
        assert promotion.active is True
        another_tab_is_refused(window, promotion)
        assert [one for one in window.complaints if "409" not in one] == []


def another_tab_is_refused(window: Visit, promotion: Promotion) -> None:
    other = window.page.context.new_page()
    other.goto(window.page.url)
    other.fill("[data-of=name]", "Theirs")
    other.click("[data-of=save]")
    other.wait_for_selector("[data-of=status]:has-text('Saved.')")
    other.close()
    window.page.fill("[data-of=name]", "Mine")
    window.page.click("[data-of=save]")
    window.page.wait_for_selector("[data-of=conflict]:has-text('Somebody changed')")
    promotion.refresh_from_db()
    assert promotion.name == "Theirs"
    # What I wrote is still there.
    assert window.page.input_value("[data-of=name]") == "Mine"


@pytest.mark.parametrize(("theme", "language"), DARK_FIRST)
def test_pages_of_offers(live_server, shop, theme, language):
    promotion = Promotion.objects.get(name="Coded")
    pages = {
        "offers": "",
        "offer": f"{promotion.pk}/",
        "offer-results": f"{promotion.pk}/results/",
        "results": "results/",
        "calendar": "calendar/",
        "pools": "pools/",
        "pool": f"pools/{shop.pk}/",
        "code": f"codes/{shop.coupons.earliest('pk').pk}/",
    }
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        window.sign_in("alice", PASSWORD)
        # In the second look those that draw by themselves.
        shown = pages if language == "en" else ("offer", "pool", "calendar")
        for name in shown:
            path = pages[name]
            assert window.go(f"/admin/offers/{path}") == 200
            look(window, f"offers-{name}", faults)
            wide = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, name
        assert window.complaints == []
    assert faults == []
