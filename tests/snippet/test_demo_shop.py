"""Alice shops in the demo: what she does stands on her timeline, and what suits her is shown."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from accounts.keys import create_key
from accounts.models import PUBLISHABLE_SCOPES
from catalog.models import Product
from catalog.services import upsert_products
from console.audience.timeline import timeline
from console.demo import story
from core.money import Money
from customers.models import Customer
from events.models import Event
from events.services import ingest
from recommendations.services.training import train_models
from tests.factories.shop import NOW, open_shop
from tests.scenarios.browser import MARKS, visit
from tests.snippet.conftest import eventually

pytestmark = MARKS


@pytest.fixture
def demo(transactional_db, settings, tmp_path):
    cache.clear()
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    settings.SHOP_POSTAL_ADDRESS = "1 Market Street"
    settings.IS_DEMO = True
    open_shop()
    upsert_products(
        [
            {"sku": p.sku, "category": ["Drinks", "Tea"], "price": Money(p.price, "USD")}
            for p in Product.objects.all()
        ],
        NOW,
    )
    create_key(name=story.SHOP_KEY_NAME, kind="publishable", scopes=PUBLISHABLE_SCOPES, trusted=True, now=NOW)


@pytest.mark.parametrize(
    ("theme", "language"),
    [("light", "en"), pytest.param("dark", "zh-hans", marks=pytest.mark.long)],
)
def test_she_views_adds_buys_and_is_shown_what_suits_her(live_server, demo, theme, language):
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        page.emulate_media(color_scheme=theme)
        faults = []

        def look() -> None:
            page.wait_for_load_state("networkidle")
            faults.extend(window.faults())
            assert page.evaluate("document.documentElement.lang") == language

        window.go("/demo-shop/")
        look()
        assert page.locator("#for-you .card").count() == 0  # nobody asked her yet
        page.click("[data-consent=granted]")
        page.wait_for_selector("#for-you .card")
        window.go("/demo-shop/sign-in/")
        look()
        page.fill("#customer", "c5")
        page.click(".other button")
        page.wait_for_selector("#for-you .card .why:not(:empty)")
        look()
        page.click(".chips a")
        look()
        page.click(".card > a >> nth=0")
        page.wait_for_selector("article[data-rapport-product]")
        look()
        sku = page.get_attribute("article", "data-rapport-product")
        page.select_option("#quantity", "2")
        page.click(".add button")
        page.wait_for_url("**/cart/")
        look()
        page.click("main a.main[href$='/checkout/']")
        page.wait_for_url("**/checkout/")
        look()
        page.click("main form .main")
        page.wait_for_selector("#shop-order", state="attached")
        look()
        page.reload()  # is no second order
        window.go("/demo-shop/search/?q=tea")
        look()
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.goto("about:blank")
        assert faults == []
        assert window.complaints == []

        c5 = Customer.objects.get(external_id="c5")
        web = Event.objects.filter(source="web", customer=c5)
        eventually(lambda: web.filter(type="purchase").exists())
        shopped = {
            (e.type, e.product and e.product.sku, e.quantity and int(e.quantity), e.amount and str(e.amount))
            for e in web.filter(type__in=["view", "add_to_cart", "checkout", "purchase"])
        }
        assert shopped == {
            ("view", sku, None, None),
            ("add_to_cart", sku, 2, "9.00"),
            ("checkout", None, None, "9.00"),
            ("purchase", sku, 2, "9.00"),
        }
        assert web.filter(type="purchase").count() == 1
        assert all(e.occurred_at < NOW for e in web)  # the shop lives on its data's last day
        icons = [moment.icon for moment in timeline(c5, with_messages=False)]
        assert {"visibility", "add_shopping_cart", "shopping_bag"} <= set(icons[:12])


PAGES = ["", "c/drinks/", "p/p1/", "search/?q=tea", "cards/?sku=p1", "cart/", "checkout/", "sign-in/"]


@pytest.mark.parametrize("path", PAGES)
def test_without_a_demo_there_is_no_shop(db, client, settings, path):
    settings.IS_DEMO = False
    assert client.get(f"/demo-shop/{path}").status_code == 404
    assert client.post("/demo-shop/become/", {"customer": "x"}).status_code == 404


STRANGE = [
    ("get", "p/%00/", 404), ("get", "c/%00/", 404), ("get", "c/nothing/", 404), ("get", "p/nothing/", 404),
    ("get", "search/?q=%00", 200), ("get", f"search/?q={'x' * 5000}", 200),
    ("get", "search/?page=x&q=a", 200),
    ("get", "cards/?sku=%00&sku=nothing", 200), ("post", "cart/add/%00/", 404), ("post", "cart/", 405),
    ("get", "become/", 405), ("get", "checkout/", 302),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), STRANGE)
def test_strange_requests_fail_gently(db, client, settings, method, path, status):
    settings.IS_DEMO = True
    client.cookies["demo_shop"] = "forged\ncookie"
    assert getattr(client, method)(f"/demo-shop/{path}").status_code == status


def test_nobody_becomes_somebody_unknown_and_too_many_pages_wait(db, client, settings, monkeypatch):
    settings.IS_DEMO = True
    cache.clear()
    answer = client.post("/demo-shop/become/", {"customer": "nobody"})
    assert answer["Location"].endswith("?unknown=1")
    assert "demo_shop" not in answer.cookies
    monkeypatch.setattr("console.demo_shop.views.PAGES_PER_MINUTE", 0)
    assert client.get("/demo-shop/").status_code == 429


def _two_tastes(now) -> None:
    """Let half of the customers buy green teas, the other half black ones, and learn from it."""
    names = [f"{colour}-{n}" for colour in ("green", "black") for n in range(6)]
    upsert_products(
        [
            {
                "sku": sku,
                "name": sku.title(),
                "category": ["Drinks", "Tea"],
                "price": Money(Decimal(3), "USD"),
            }
            for sku in names
        ],
        now,
    )
    ingest(
        [
            {
                "message_id": f"{sku}-{person}", "type": "purchase", "source": "shop", "quantity": 1,
                "occurred_at": (now - timedelta(days=9, minutes=person)).isoformat(), "sku": sku,
                "customer": f"c{person}", "order_id": f"{sku}-{person}",
                "amount": {"amount": "3.00", "currency": "USD"},
            }
            for place, sku in enumerate(names)
            for person in (range(6) if place < 6 else range(6, 12))
        ],
        now=now,
        default_source="shop",
    )  # fmt: skip
    train_models(as_of=now, now=now, keys=["popularity"])


def test_two_clicks_change_what_a_stranger_is_shown_and_say_why(live_server, demo):
    _two_tastes(NOW)
    cache.clear()
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.go("/demo-shop/")
        page.click("[data-consent=granted]")
        page.wait_for_selector("#for-you .card .why:not(:empty)")
        before = [card.get_attribute("data-sku") for card in page.locator("#for-you .card").all()]
        assert not any("looked at" in why for why in page.locator("#for-you .why").all_inner_texts())
        for sku in ("black-1", "black-2"):
            window.go("/demo-shop/search/?q=black")
            page.click(f".card[data-sku='{sku}'] > a")
            page.wait_for_selector(f"article[data-rapport-product='{sku}']")
        eventually(lambda: Event.objects.filter(type="view", product__sku="black-2").exists())
        window.go("/demo-shop/")
        page.wait_for_selector("#for-you .card .why:not(:empty)")
        after = [card.get_attribute("data-sku") for card in page.locator("#for-you .card").all()]
        why = page.locator("#for-you .why").all_inner_texts()
    assert after != before
    assert {sku for sku in after if sku.startswith("black")} == {"black-0", "black-3", "black-4", "black-5"}
    assert after[0].startswith("black")
    assert why[0] in ("Because you looked at Black-1", "Because you looked at Black-2")
    assert window.complaints == []
