"""Offer plans and past offers as pages: by whom, what is refused, what one click does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from accounts import jobs
from accounts.models import AuditEntry, Job
from campaigns.coupons import pools
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from campaigns.targeting import making
from campaigns.targeting.models import OfferPlan
from campaigns.targeting.planning import compute
from catalog.models import Product
from catalog.services import upsert_products
from core import clock
from core.figures import money_text
from core.money import Money
from events.services import record
from profiles.models import CustomerProfile, CustomerScore
from recommendations import bundles
from tests.console.test_offer_pages import ask, make, sign_in
from tests.factories.delivery import make_customers

pytestmark = pytest.mark.django_db
NOW = clock.now()
#: How many may look at one page.
MOST_QUERIES = 22
TYPED = {
    "name": "Win back", "segment": "", "method": "uplift", "budget": "20", "basis": "expected",
    "margin": "30", "holdout": "10", "window_days": "28",
}  # fmt: skip


@pytest.fixture(autouse=True)
def shop(settings):
    settings.SHOP_AS_OF = NOW.isoformat()
    cache.clear()


@pytest.fixture
def two(db):
    """Pools of 2 and 5 off."""
    made = []
    for amount in ("2.00", "5.00"):
        promotion = make(name=f"{amount} off", benefit={"kind": "amount", "amount": amount})
        made.append(pools.create_pool(name=f"{amount} off", promotion=promotion, now=NOW))
    return made


@pytest.fixture
def crowd():
    people = make_customers(40, now=NOW)
    for number, one in enumerate(people):
        CustomerProfile.objects.create(
            customer=one, as_of=NOW, computed_at=NOW, orders=3, basket_value=20 + number, recency_days=10
        )
        CustomerScore.objects.bulk_create(
            CustomerScore(
                customer=one,
                kind=kind,
                model_version="1",
                score=score,
                low=score / 2,
                high=score * 1.2,
                as_of=NOW,
            )
            for kind, score in (("purchase", 0.1 if number % 2 else 0.95), ("redemption", 0.3))
        )
    return people


def values(two):
    return {f"pool_{row}": str(pool.pk) for row, pool in enumerate(two)}


def test_from_the_form_to_a_campaign(two, crowd):
    client = sign_in("marketer")
    answer = client.post("/admin/offers/plans/new/", TYPED | values(two))
    plan = OfferPlan.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/admin/offers/plans/{plan.pk}/")
    assert (plan.margin_share, plan.holdout_share, plan.slug) == (Decimal("0.3"), Decimal("0.1"), "win-back")
    assert plan.values.count() == 2
    assert plan.job.result_url == answer.url
    assert "Being computed" in client.get(answer.url).content.decode()
    jobs.run(plan.job)
    plan.refresh_from_db()
    page = client.get(answer.url)
    text = page.content.decode()
    low, high = plan.summary["range"]["gain"]
    assert "What each budget would bring" in text
    assert f"likely range {money_text(low)} to {money_text(high)}" in text
    assert "What offers change could not be used yet: only 0 purchases" in text
    assert "Redeems with" in text
    assert page.context["people"][0][0].gain == max(o.gain for o in plan.offers.filter(held_out=False))
    for who in ("held", "budget", "loses", "closed", "nonsense"):
        assert client.get(f"{answer.url}?who={who}").status_code == 200
    drafted = client.post(f"{answer.url}campaign/")
    campaign = Campaign.objects.get()
    assert drafted.status_code == 302
    assert (campaign.plan, campaign.kind, campaign.state) == (plan, "coupon", "draft")
    assert client.post(f"{answer.url}campaign/").url == drafted.url
    assert Campaign.objects.count() == 1


def test_what_was_typed_stays_with_what_is_wrong(two):
    client = sign_in("marketer")
    answer = client.post("/admin/offers/plans/new/", TYPED | {"margin": "0", "name": "Kept"} | values(two))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Kept"' in text
    assert set(answer.context["wrong"]) == {"margin"}
    assert f'value="{two[0].pk}" selected' in text
    for given, place in (
        (TYPED, "values"),
        (TYPED | values([two[0], two[0]]), "values"),
        (TYPED | {"pool_0": "no"}, "values_0"),
    ):
        assert place in client.post("/admin/offers/plans/new/", given).context["wrong"]
    assert not OfferPlan.objects.exists()
    assert not Job.objects.exists()


def test_a_viewer_looks_and_an_outsider_does_not(two, crowd):
    plan = making.create_plan(
        values=[{"pool": two[0]}],
        user=None,
        now=NOW,
        slug="p",
        name="P",
        budget=Decimal(9),
        margin_share=Decimal("0.3"),
    )
    compute(plan, as_of=NOW, now=NOW)
    viewer, bob = sign_in("viewer"), sign_in("nobody")
    url = f"/admin/offers/plans/{plan.pk}/"
    text = viewer.get(url).content.decode()
    assert "Draft a campaign" not in text
    assert "Throw away" not in text
    assert bob.get(url).status_code == 403
    for verb in ("compute", "change", "discard", "campaign", "explode"):
        assert viewer.post(f"{url}{verb}/", TYPED).status_code == 403
    assert sign_in("marketer").post(f"{url}explode/").status_code == 404
    assert (OfferPlan.objects.get().budget, Job.objects.count()) == (Decimal(9), 0)
    assert not Campaign.objects.exists()


def test_a_change_is_stored_and_computed_anew(two, crowd, django_assert_max_num_queries):
    client = sign_in("marketer")
    client.post("/admin/offers/plans/new/", TYPED | values(two))
    plan = OfferPlan.objects.get()
    url = f"/admin/offers/plans/{plan.pk}/"
    assert client.post(f"{url}campaign/", follow=True).context["messages"]
    assert not Campaign.objects.exists()
    client.post(f"{url}change/", TYPED | {"budget": "35.5"})
    plan.refresh_from_db()
    assert (plan.budget, Job.objects.filter(kind="offer_plan").count()) == (Decimal("35.50"), 2)
    assert AuditEntry.objects.filter(action="change_offer_plan").count() == 1
    client.post(f"{url}change/", TYPED | {"budget": "-1"})
    plan.refresh_from_db()
    assert plan.budget == Decimal("35.50")
    compute(plan, as_of=NOW, now=NOW)
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(url)
    assert client.post(f"{url}discard/").url == "/admin/offers/plans/"
    assert not OfferPlan.objects.exists()


def test_known_costs_fill_in_the_margin(two, crowd):
    sku = upsert_products([{"sku": "tea", "name": "Tea", "cost": Money(Decimal("6.50"), "USD")}], NOW)["tea"]
    record(
        [{
            "source": "s", "message_id": "b", "type": "purchase", "customer_id": crowd[0].pk, "quantity": 1,
            "occurred_at": NOW - timedelta(days=1), "product_id": sku.pk, "order_id": "o", "currency": "USD",
            "amount": Decimal("10.00"),
        }],
        now=NOW,
    )  # fmt: skip
    text = sign_in("marketer").get("/admin/offers/plans/new/").content.decode()
    assert 'name="margin" type="number" min="0.1" max="100" step="0.01" required value="35"' in text
    assert "From what products cost: known of 100% of the sales." in text


def _history(people):
    until = (NOW - timedelta(days=1)).isoformat()
    facts = [
        {
            "source": "old", "message_id": f"{kind}{campaign}{n}", "type": kind, "customer_id": people[n].pk,
            "occurred_at": NOW - timedelta(days=9 + campaign),
            "properties": {"campaign": str(campaign), "until": until},
        }
        for campaign, given, used in ((7, 4, 1), (8, 2, 2))
        for kind, many in (("coupon_assigned", given), ("coupon_redeemed", used))
        for n in range(many)
    ]  # fmt: skip
    record(facts, now=NOW)


def test_past_offers_are_sorted_as_wished(crowd):
    _history(crowd)
    client = sign_in("viewer")

    def campaigns(query=""):
        return [row.campaign for row in client.get(f"/admin/offers/past/{query}").context["rows"]]

    assert campaigns() == campaigns("?by=nonsense") == ["8", "7"]
    assert campaigns("?by=-people") == campaigns("?by=rate") == campaigns("?by=campaign") == ["7", "8"]
    answer = client.get("/admin/offers/past/?source=old&campaign=7")
    assert [(g.customer_id, g.redemptions) for g in answer.context["opened"]["people"]] == [
        (crowd[0].pk, 1), *((one.pk, 0) for one in crowd[1:4]),
    ]  # fmt: skip
    assert f"/admin/customers/{crowd[0].pk}/" in answer.content.decode()
    assert client.post("/admin/offers/past/judge/").status_code == 403
    analyst = sign_in("analyst")
    assert analyst.post("/admin/offers/past/judge/").status_code == 302
    jobs.run(Job.objects.get(kind="past_offers"))
    assert "There are too few campaigns" in analyst.get("/admin/offers/past/").content.decode()


def test_an_empty_history_says_what_would_stand_here(db):
    assert "No past offers" in sign_in("viewer").get("/admin/offers/past/").content.decode()


def _baskets(people, products):
    facts = [
        {
            "source": "s", "message_id": f"{n}-{sku}", "type": "purchase", "customer_id": people[n % 40].pk,
            "occurred_at": NOW - timedelta(days=1 + n % 20), "product_id": products[sku].pk,
            "order_id": f"o{n}", "quantity": 1, "amount": Decimal("4.00"), "currency": "USD",
        }
        for n in range(60)
        for sku in (("tea", "cup") if n % 3 == 0 else ("salt",) if n % 3 == 1 else ("soap",))
    ]  # fmt: skip
    record(facts, now=NOW)


def test_bundles_suggest_themselves(crowd):
    rows = [{"sku": sku, "name": sku.title()} for sku in ("tea", "cup", "salt", "soap")]
    products = upsert_products(rows, NOW - timedelta(days=90))
    _baskets(crowd, products)
    client = sign_in("marketer")
    assert ask(sign_in("viewer"), "bundles").status_code == 403
    assert not Job.objects.exists()
    first = ask(client, "bundles").json()
    assert first == {"working": True, "results": [], "none": False}
    assert ask(client, "bundles").json() == first
    jobs.run(Job.objects.get(kind=bundles.KIND))
    found = ask(client, "bundles").json()
    assert (found["working"], found["none"], Job.objects.count()) == (False, False, 1)
    [one] = found["results"]
    assert {item["sku"] for item in one["items"]} == {"tea", "cup"}
    assert one["price"] == "$8.00"
    assert one["words"].startswith("together in 20 baskets")
    Product.objects.filter(sku="cup").update(active=False)
    assert ask(client, "bundles").json()["results"] == []


def test_the_cart_takes_a_code(two):
    pools.generate_codes(two[1], 1, now=NOW)
    code = two[1].coupons.get().code
    rule = {
        "name": "Ten", "conditions": [], "benefit": {"kind": "percent", "percent": "10"},
        "stacking": "common", "currency": "USD", "also_in": [], "prices": "gross", "needs_code": False,
        "priority": 0,
    }  # fmt: skip
    client = sign_in("marketer")

    def tried(price, entered):
        cart = {"lines": [{"sku": "tea", "quantity": "1", "price": price}], "code": entered}
        return ask(client, "try", promotion=rule, cart=cart).json()

    better = tried("30.00", code.lower())["tried"]
    assert (better["total"], better["code"]["applies"], better["code"]["saves"]) == ("$25.00", True, "$2.00")
    assert better["code"]["replaces"] == ["Ten"]
    worse = tried("80.00", code)["tried"]
    assert (worse["total"], worse["code"]["applies"]) == ("$72.00", False)
    assert worse["code"]["why_not"] == "“Ten” is the better one."
    unknown = tried("30.00", "NOSUCHCODE")
    assert "cart.code" in unknown["faults"]
    assert (unknown["tried"]["total"], "code" in unknown["tried"]) == ("$27.00", False)


def test_rules_are_not_written_past_the_editor(two):
    client, promotion = sign_in("alice"), Promotion.objects.first()
    raw = f"/admin/promotions/promotion/{promotion.pk}/change/"
    text = client.get(raw).content.decode()
    assert f"/admin/offers/{promotion.pk}/" in text
    rest = {"ledger-TOTAL_FORMS": "0", "ledger-INITIAL_FORMS": "0"}
    sent = {"slug": "renamed", "benefit": '{"kind": "percent", "percent": "99"}', "active": ""}
    assert client.post(raw, sent | rest).status_code == 302
    stored = Promotion.objects.get(pk=promotion.pk)
    assert (stored.slug, stored.benefit, stored.active) == ("renamed", promotion.benefit, True)
    assert AuditEntry.objects.filter(action="rename_promotion").count() == 1
    Promotion.objects.filter(pk=promotion.pk).update(used=1)
    assert client.post(raw, {"slug": "again"} | rest).status_code == 200
    assert Promotion.objects.get(pk=promotion.pk).slug == "renamed"
    assert client.get("/admin/promotions/promotion/add/").status_code == 403
    assert (
        client.post(f"/admin/promotions/promotion/{promotion.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    assert client.post(f"/admin/coupons/couponpool/{two[0].pk}/change/", {"name": "x"}).status_code == 403
