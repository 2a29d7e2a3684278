"""What a marketer sees of demand, quality and trainings, and does about stock, by one click, in a browser."""

import os
from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import Job
from catalog.models import Product
from core import clock
from customers.models import Customer
from events.models import Event
from recommendations.demand.services import forecast_demand
from recommendations.models import ListRule, ModelVersion
from recommendations.quality.services import look_back
from recommendations.services.decisions import note
from recommendations.services.training import train_models
from tests.factories.shop import PASSWORD
from tests.recommendations.planted import CUT, plant
from tests.scenarios.browser import LIGHT_FIRST, MARKS, Visit, visit
from tests.scenarios.test_imports import look
from tests.screens import PHONE, WIDE, too_wide

pytestmark = MARKS
NOW = CUT + timedelta(weeks=4)
PAGES = ("compared", "quality", "cold", "trainings")


def shop() -> None:
    """Two trainings, three weeks of answers, a forecast, a job that runs and one that is over."""
    plant()
    Event.objects.update(quantity=1 + (F("id") * 7919 % 10007) % 3)
    for week in (0, 2):
        train_models(
            as_of=CUT + timedelta(weeks=week), now=NOW, keys=["popularity", "own-frequency", "item-knn"]
        )
    for number in range(60):
        Product.objects.filter(sku=f"habit-{number}").update(stock=number * number)
    for number in range(3):
        Product.objects.create(
            sku=f"new-{number}",
            name=f"New tea {number}",
            price=3,
            currency="USD",
            created_at=CUT,
            updated_at=CUT,
        )
    forecast_demand(as_of=NOW, now=NOW)
    versions = list(ModelVersion.objects.select_related("strategy").order_by("-created_at")[:3])
    people = list(Customer.objects.order_by("pk")[:40])
    skus = list(Product.objects.filter(sku__startswith="habit-").order_by("pk").values_list("sku", flat=True))
    for number, customer in enumerate(people):
        for week in range(3):
            version = versions[(number + week) % 3]
            note(
                slot="api",
                action=[skus[(number * 3 + n) % 60] for n in range(5)],
                customer_id=customer.pk,
                now=NOW - timedelta(weeks=week, hours=3 + number % 5),
                policy_version=str(version.pk),
                context={"sources": {"model": 4, "popular": number % 2}},
            )
    look_back(as_of=NOW, now=NOW)
    at = clock.now()
    for state, done in (("running", 3), ("done", 8)):
        Job.objects.create(
            kind="train", title="Train the recommenders", state=state, done=done, total=8, created_at=at,
            started_at=at, heartbeat_at=at, message="Lists",
        )  # fmt: skip


def narrow(window: Visit, name: str) -> list[str]:
    """Return by what a page is wider than a telephone, and picture it there where pictures are wanted."""
    window.page.set_viewport_size({"width": PHONE, "height": 900})
    window.page.wait_for_timeout(60)
    beyond = too_wide(window.page)
    if folder := os.environ.get("SHOTS"):
        window.page.screenshot(path=f"{folder}/{name}-{PHONE}.png", full_page=True)
    window.page.set_viewport_size({"width": WIDE, "height": 900})
    return [f"{name}: wider than {PHONE} {beyond}"] if beyond else []


@pytest.mark.parametrize(("theme", "language"), LIGHT_FIRST)
def test_demand_is_acted_on_by_a_click_and_every_page_is_sound(
    live_server, settings, tmp_path, alice, theme, language
):
    settings.ARTIFACTS = tmp_path
    settings.SHOP_AS_OF = NOW.isoformat()
    shop()
    faults: list[str] = []
    with visit(live_server.url, theme=theme, language=language) as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        window.go("/admin/recommendations/demand/")
        assert "Habit-1" in page.inner_text("main")
        look(window, "demand", faults)
        faults += narrow(window, "demand")
        page.click("form[action$='/follow/low/'] button")
        page.wait_for_load_state("networkidle")
        assert ListRule.objects.get().supply == "low"
        assert page.locator("form[action$='/follow/low/']").count() == 0
        window.go("/admin/recommendations/demand/?supply=over")
        look(window, "demand-over", faults)
        for name in PAGES:
            assert window.go(f"/admin/recommendations/{name}/") == 200
            if name in ("compared", "quality"):
                page.wait_for_selector("svg.marks", state="attached")
            look(window, f"recommendation-{name}", faults)
            faults += narrow(window, name)
        product = Product.objects.get(sku="habit-2")
        window.go(f"/admin/products/{product.pk}/")
    assert faults == []
