"""Scenario 11: recommended products as five people see them: a new one, a recent buyer, a stranger."""

from datetime import timedelta

import pytest

from campaigns.actions import create_campaign
from campaigns.models import Campaign
from customers.consent import ConsentRow
from customers.models import Channel, Customer
from customers.services import record_consents, upsert_customers
from events.services import ingest
from profiles.services import build_profiles
from recommendations.models import Objective
from recommendations.services.training import train_models
from tests.factories.shop import PASSWORD
from tests.scenarios.browser import MARKS, visit
from tests.scenarios.messages import NOW, PRODUCTS, inbox, look, saved, shop

__all__ = ["inbox", "shop"]
pytestmark = MARKS
NAMES = [name for name, _price in PRODUCTS]


@pytest.fixture
def history(shop, settings, tmp_path):
    """Eight people who bought, one of them the last; and one who is new."""
    settings.ARTIFACTS = tmp_path
    people = upsert_customers(
        [{"external_id": f"c{n}", "first_name": f"Ann{n}", "email": f"c{n}@demo.invalid"} for n in range(8)],
        NOW - timedelta(days=90),
    )
    late = upsert_customers(
        [{"external_id": "new", "first_name": "Newcomer", "email": "n@demo.invalid"}], NOW
    )
    record_consents(
        [
            ConsentRow(customer_id=pk, channel=Channel.EMAIL, granted=True, source="t", occurred_at=NOW)
            for pk in (*people.ids.values(), *late.ids.values())
        ],
        NOW,
    )
    facts = [(n, product, 30 + n) for n in range(8) for product in (n % 4, (n + 1) % 4)]
    facts.append((3, 0, 1))  # Ann3 is the last buyer, and now lacks one product only
    ingest(
        [
            {
                "message_id": f"m{n}-{product}-{days}", "type": "purchase", "source": "shop",
                "occurred_at": (NOW - timedelta(days=days)).isoformat(), "customer": f"c{n}",
                "sku": f"p{product}", "order_id": f"o{n}-{product}-{days}", "quantity": 1,
                "amount": {"amount": "10.00", "currency": "USD"},
            }
            for n, product, days in facts
        ],
        now=NOW, default_source="shop",
    )  # fmt: skip
    build_profiles(as_of=NOW, now=NOW)
    train_models(as_of=NOW, now=NOW, keys=["popularity", "own-frequency"])
    return shop


def test_five_people_see_what_fits_each(live_server, history, inbox):
    template = history["winback"].template
    campaign = create_campaign(
        user=None, now=NOW, name="Picks", slug="picks", kind=Campaign.Kind.EMAIL,
        content=history["winback"], objective=Objective.DISCOVER,
    )  # fmt: skip
    faults: list[str] = []
    with visit(live_server.url, theme="light", language="en") as window:
        page = window.page
        window.sign_in("alice", PASSWORD)
        # The block is added, with what happens to people of whom nothing is known.
        window.go(f"/admin/templates/{template.pk}/")
        page.click("[data-ce=add]")
        page.click("[data-ce=kinds] [data-kind=recommendations]")
        saved(window)
        template.refresh_from_db()
        assert [b["kind"] for b in template.draft["blocks"]].count("recommendations") == 2
        # Five people, each with his or her own products.
        assert window.go(f"/admin/campaigns/{campaign.pk}/plan/content/") == 200
        page.wait_for_selector(".pw-people button")
        titles = page.eval_on_selector_all(".pw-people button", "all => all.map(b => b.textContent)")
        assert len(titles) == 5
        look(window, "five-people", faults)
        seen = {title: shown_to(window, title) for title in titles}
        assert faults == []
        assert window.complaints == []
    buyer = str(Customer.objects.get(external_id="c3"))
    newcomer = str(Customer.objects.get(external_id="new"))
    assert {buyer, newcomer} <= seen.keys()
    # Ann3 bought p3, p0 in the past: products 3 and 0; of the others at most these are shown.
    assert seen[buyer].isdisjoint({NAMES[3], NAMES[0]})
    assert seen[buyer] <= {NAMES[1], NAMES[2]}
    assert seen[newcomer]  # best-sellers, since nothing is known
    assert seen["A stranger"]


def shown_to(window, title):
    """Return the products that the message shows to one of the five."""
    page = window.page
    page.click(f".pw-people button:has-text({title!r})")
    # The answer to the click replaces the frame, also that of the person who was chosen already.
    page.wait_for_selector("[data-plan=live]:not([aria-busy])", state="attached")
    page.wait_for_selector(f".pw-people button[aria-pressed=true]:has-text({title!r})")
    # The gallery's small pictures are frames, too: the message is in its own.
    message = page.frame_locator(".pw-frame").locator("body", has_text="Northwind Outdoor")
    text = message.inner_text()
    return {name for name in NAMES if name in text}
