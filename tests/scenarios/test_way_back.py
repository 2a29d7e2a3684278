"""From a draft to the editor and back: what was written there is what the campaign sends."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import jobs
from accounts.dispatch import start_job
from accounts.models import User
from campaigns.models import Campaign
from catalog.models import Product
from core import clock
from events.services import record
from recommendations import bundles
from tests.scenarios.planning import MARKS, begin, people, step, window

__all__ = ["people", "window"]
pytestmark = MARKS


@pytest.fixture
def pair(people):
    """Two products that are bought together, found by the job that looks for them."""
    now, products = clock.now(), list(Product.objects.order_by("pk")[:4])
    record(
        [
            {
                "source": "s", "message_id": f"{n}-{product.pk}", "type": "purchase", "order_id": f"o{n}",
                "occurred_at": now - timedelta(days=1 + n % 20), "customer_id": people[n % len(people)].pk,
                "product_id": product.pk, "quantity": 1, "amount": Decimal("4.00"), "currency": "USD",
            }
            for n in range(60)
            for product in (products[:2] if n % 3 == 0 else products[1 + n % 3 :][:1])
        ],
        now=now,
    )  # fmt: skip
    jobs.run(start_job(bundles.KIND, now=now, user=User.objects.get(username="alice")))
    return products[:2]


def test_a_message_is_written_for_a_campaign_with_a_set_that_is_bought_together(pair, window):
    page = window.page
    draft = begin(window, "sell")
    step(window, draft, "content")
    before = Campaign.objects.get(pk=draft.pk).content
    page.click("a.st-btn:has-text('Edit')")
    page.wait_for_selector("[data-back]")
    page.click("[data-ce=add]")
    page.click("[data-ce=kinds] [data-kind=bundle]")
    page.click("[data-key='benefit:bundles']")
    page.click(".of-bundles button")
    page.wait_for_selector("[data-ce=saved][data-state=saved]")
    assert window.faults() == []
    page.click("[data-ce=use]")
    page.wait_for_url("**/plan/content/")
    after = Campaign.objects.get(pk=draft.pk).content
    assert (after.template, after.number) == (before.template, before.number + 1)
    [block] = [block for block in after.blocks if block["kind"] == "bundle"]
    assert set(block["skus"]) == {product.sku for product in pair}
    # The gallery is reached and left in the same way, and nothing else is taken along.
    page.click("a.st-btn:has-text('Gallery')")
    page.click("[data-back]")
    page.wait_for_url("**/plan/content/")
    assert Campaign.objects.get(pk=draft.pk).content == after
    assert window.complaints == []
