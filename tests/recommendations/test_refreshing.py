"""Lists of those who bought since are folded in anew, in blocks; everybody else's stay as they are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from customers.models import Consent, Customer
from events.models import Event
from recommendations.artifacts import fitted
from recommendations.models import RecommendationList, Strategy
from recommendations.recent import histories_of
from recommendations.services.refreshing import refresh_lists
from recommendations.state import serving_versions
from tests.recommendations.planted import CUT, trained_once

pytestmark = pytest.mark.django_db
LATER = CUT + timedelta(days=1)
trained = trained_once("own-frequency")


@pytest.fixture
def shop(trained, db, settings):
    settings.ARTIFACTS = trained
    # Weeks after the cut are for measuring; nobody has lived them yet.
    Event.objects.filter(occurred_at__gte=CUT).delete()
    Strategy.objects.filter(key="own-frequency").update(precompute=True)
    refresh_lists(as_of=CUT, now=CUT)
    RecommendationList.objects.update(computed_at=CUT)


def buy(customer: str, sku: str, hours: int = 1) -> None:
    at = CUT + timedelta(hours=hours)
    Event.objects.create(
        source="till",
        message_id=f"{customer}-{sku}-{hours}",
        type="purchase",
        customer=Customer.objects.get(external_id=customer),
        product=Product.objects.get(sku=sku),
        order_id=f"{customer}-{hours}",
        quantity=1,
        amount=1,
        occurred_at=at,
        received_at=at,
    )


def lists(objective: str = "replenish") -> dict[str, list[int]]:
    found = RecommendationList.objects.filter(objective=objective)
    return dict(found.values_list("customer__external_id", "product_ids"))


def test_only_who_bought_since_gets_another_list(shop):
    before = {objective: lists(objective) for objective in ("replenish", "discover")}
    for hours in range(1, 16):
        buy("c0", "hit-3", hours)
    buy("c7", "habit-40")
    assert refresh_lists(as_of=LATER, now=LATER) == 4  # two people, two objectives
    after = lists()
    hit, habit = (Product.objects.get(sku=sku).pk for sku in ("hit-3", "habit-40"))
    assert after["c0"].index(hit) == 0
    assert before["replenish"]["c0"].index(hit) > 0
    assert habit in after["c7"]
    assert habit not in lists("discover")["c7"]
    assert {who: after[who] for who in after if who not in ("c0", "c7")} == {
        who: before["replenish"][who] for who in after if who not in ("c0", "c7")
    }
    # Once more, and nobody is left.
    assert refresh_lists(as_of=LATER, now=LATER) == 0


def test_each_list_is_what_the_model_says_of_that_history(shop):
    for number in (3, 1, 2):
        buy(f"c{number}", f"hit-{number}")
    [version] = serving_versions()
    refresh_lists(as_of=LATER, now=LATER)
    people = dict(Customer.objects.values_list("external_id", "pk"))
    for customer, products, ages in histories_of([people["c2"], people["c3"], people["c1"]], LATER):
        found = fitted(version).recommend_history(
            [str(pk) for pk in products], 20, "replenish", days_ago=ages
        )
        stored = RecommendationList.objects.get(customer_id=customer, objective="replenish")
        assert stored.product_ids == [int(item) for item, _, _ in found.for_user(0)]
        assert [round(score, 4) for score in stored.scores] == [
            round(score, 4) for _, score, _ in found.for_user(0)
        ]


def test_histories_are_the_newest_purchases_before_a_moment(shop):
    buy("c5", "hit-1", hours=3)
    buy("c5", "hit-2", hours=2)
    buy("c5", "hit-9", hours=48)
    person = Customer.objects.get(external_id="c5").pk
    nobody = Customer.objects.create(external_id="new", created_at=CUT, updated_at=CUT).pk
    found = {customer: (products, ages) for customer, products, ages in histories_of([person, nobody], LATER)}
    products, ages = found[person]
    assert products[:2] == [Product.objects.get(sku=f"hit-{n}").pk for n in (1, 2)]
    assert ages[:2] == [pytest.approx(21 / 24), pytest.approx(22 / 24)]
    assert ages == sorted(ages)
    assert found[nobody] == ([], [])


def test_a_newcomer_gets_a_list(shop):
    customer = Customer.objects.create(external_id="new", created_at=CUT, updated_at=CUT)
    Consent.objects.create(customer=customer, channel="email", topic="marketing", granted=True, since=CUT)
    assert refresh_lists(as_of=LATER, now=LATER) == 2
    stored = RecommendationList.objects.get(customer=customer, objective="replenish")
    assert stored.fallback
    assert len(stored.product_ids) == 20


def test_twenty_people_cost_as_many_queries_as_two(shop):
    def queries(people: range) -> int:
        for number in people:
            buy(f"c{number}", "hit-0", hours=1 + people.start)
        with CaptureQueriesContext(connection) as told:
            assert refresh_lists(as_of=LATER, now=LATER) == 2 * len(people)
        return len(told)

    assert queries(range(2)) == queries(range(20, 40))
