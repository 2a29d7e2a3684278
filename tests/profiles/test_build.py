"""Profiles against histories worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest

from events import refunds
from profiles.models import CustomerProfile
from profiles.services import build_profiles
from tests.profiles.conftest import AS_OF


def build(as_of=AS_OF):
    return build_profiles(as_of=as_of, now=AS_OF)


def profile_of(customer):
    return CustomerProfile.objects.get(customer=customer)


def test_a_history_worked_by_hand(shop):
    alice = shop.customer("alice")
    tea = shop.product("tea", path="drinks/tea", brand="Leaf")
    bread = shop.product("bread", path="bakery", brand="Oven")
    # Friday noon 10 days ago with two lines; Sunday evening 1 day before; Saturday long ago.
    shop.event(alice, 10, order="a", product=tea, amount="30.00", discount="10.00", quantity=3)
    shop.event(alice, 10, order="a", product=bread, amount="6.00", quantity=2)
    shop.event(alice, 0.75, order="b", product=tea, amount="12.00", properties={"channel": "app"})
    shop.event(alice, 100, order="c", product=bread, amount="8.00", properties={"channel": "app"})
    shop.event(alice, 5, type="refund", amount="6.00", order="a")
    shop.event(alice, 3, type="search", amount=None, properties={"search": " Green Tea "})
    shop.event(alice, 2, type="search", amount=None, properties={"search": "green tea"})
    shop.event(alice, 2, type="search", amount=None, properties={"search": "cups"})

    assert build() == 1

    profile = profile_of(alice)
    assert profile.as_of == AS_OF
    assert profile.first_order_at == shop.at(100)
    assert profile.last_order_at == shop.at(0.75)
    assert profile.recency_days == pytest.approx(0.75)
    assert (profile.orders, profile.orders_90d, profile.products) == (3, 2, 2)
    assert profile.units == 7
    assert profile.revenue == Decimal("50.00")
    assert profile.revenue_90d == Decimal("42.00")
    assert profile.basket_value == Decimal("16.67")
    assert profile.basket_items == pytest.approx(4 / 3)
    assert profile.gap_days == pytest.approx(99.25 / 2)
    assert profile.discount_share == pytest.approx(10 / 60)
    assert profile.discounted_lines == pytest.approx(1 / 4)
    assert profile.weekend_share == pytest.approx(2 / 3)
    assert (profile.preferred_hour, profile.preferred_weekday) == (12, 5)
    assert profile.preferred_channel == "app"
    tea_spend = 30 * 0.5 ** (10 / 90) + 12 * 0.5 ** (0.75 / 90)
    bread_spend = 6 * 0.5 ** (10 / 90) + 8 * 0.5 ** (100 / 90)
    share = tea_spend / (tea_spend + bread_spend)
    assert profile.top_category.path == "drinks"
    assert profile.category_affinity == pytest.approx({"drinks": share, "bakery": 1 - share}, abs=1e-4)
    assert profile.brand_affinity == pytest.approx({"Leaf": share, "Oven": 1 - share}, abs=1e-4)
    assert profile.interests == [{"term": "green tea", "count": 2}, {"term": "cups", "count": 1}]


def test_the_shops_zone_decides_hour_and_weekday(shop, settings):
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    bob = shop.customer("bob")
    shop.event(bob, 2.25)  # Saturday 06:00 UTC is Saturday 14:00 there
    shop.event(bob, 2.75)  # Friday 18:00 UTC is Saturday 02:00 there
    build()
    profile = profile_of(bob)
    assert profile.preferred_weekday == 6
    assert profile.weekend_share == 1
    assert profile.preferred_hour == 2


def test_what_comes_later_is_never_seen(shop):
    carol = shop.customer("carol")
    shop.event(carol, 10, amount="5.00")
    shop.event(carol, 0, amount="100.00")  # at the moment itself
    shop.event(carol, -1, amount="100.00")
    shop.event(carol, -1, type="cancel", order="x", amount=None)
    build()
    profile = profile_of(carol)
    assert (profile.orders, profile.revenue) == (1, Decimal("5.00"))
    build(AS_OF + timedelta(days=2))
    assert profile_of(carol).orders == 3


def test_a_customer_without_orders_is_a_prospect_with_nothing_known(shop):
    dora = shop.customer("dora")
    shop.event(dora, 3, type="view", amount=None)
    build()
    profile = profile_of(dora)
    assert profile.lifecycle == "prospect"
    assert profile.rfm_class == ""
    assert (profile.recency_days, profile.rfm_r, profile.basket_value, profile.gap_days) == (None,) * 4
    assert profile.revenue == 0


def test_one_purchase_has_no_rhythm_and_middle_scores(shop):
    erin = shop.customer("erin")
    shop.event(erin, 3)
    build()
    profile = profile_of(erin)
    assert profile.gap_days is None
    assert (profile.rfm_r, profile.rfm_f, profile.rfm_m) == (3, 3, 3)
    assert profile.lifecycle == "new"


def test_refunds_alone_are_no_order(shop):
    frank = shop.customer("frank")
    shop.event(frank, 3, type="refund", amount="20.00")
    shop.event(frank, 2, type="refund", amount="-5.00")
    build()
    profile = profile_of(frank)
    assert (profile.orders, profile.revenue, profile.rfm_m) == (0, Decimal("-25.00"), None)
    assert profile.lifecycle == "prospect"


def test_an_order_that_was_given_back_whole_is_no_order(shop):
    hugo = shop.customer("hugo")
    tea, bread = shop.product("tea", path="drinks"), shop.product("bread", path="bakery")
    shop.event(hugo, 40, order="kept", product=tea, amount="10.00")
    shop.event(hugo, 20, order="back", product=bread, amount="30.00")
    shop.event(hugo, 20, order="back", product=tea, amount="5.00")
    shop.event(hugo, 9, order="partly", product=tea, amount="20.00")
    shop.event(hugo, 8, type="refund", order="back", amount="30.00")
    shop.event(hugo, 7, type="refund", order="partly", amount="4.00")
    build()
    before = profile_of(hugo)
    assert (before.orders, before.revenue) == (3, Decimal("31.00"))
    # The rest of it comes back.
    shop.event(hugo, 6, type="refund", order="back", amount="5.00")
    refunds.settle([(hugo.pk, "back"), (hugo.pk, "partly")])
    build()
    profile = profile_of(hugo)
    assert (profile.orders, profile.orders_90d, profile.products, profile.units) == (2, 2, 1, 2)
    assert (profile.revenue, profile.revenue_90d) == (Decimal("26.00"), Decimal("26.00"))
    assert (profile.refunds, profile.refund_share) == (Decimal("39.00"), pytest.approx(39 / 65))
    assert (profile.basket_value, profile.gap_days) == (Decimal("13.00"), pytest.approx(31))
    assert profile.last_order_at == shop.at(9)
    assert profile.category_affinity == {"drinks": 1}


def test_who_gave_everything_back_is_a_prospect(shop):
    ida = shop.customer("ida")
    shop.event(ida, 20, order="back", amount="30.00")
    shop.event(ida, 19, type="refund", order="back", amount="30.00")
    refunds.settle([(ida.pk, "back")])
    build()
    profile = profile_of(ida)
    assert (profile.orders, profile.revenue, profile.refunds) == (0, Decimal("0.00"), Decimal("30.00"))
    assert (profile.basket_value, profile.recency_days, profile.lifecycle) == (None, None, "prospect")


def test_cancelled_orders_and_lines_of_no_quantity_do_not_count(shop):
    gina = shop.customer("gina")
    tea, bread = shop.product("tea", path="drinks"), shop.product("bread", path="bakery")
    shop.event(gina, 9, order="kept", product=tea)
    shop.event(gina, 9, order="kept", product=bread)
    shop.event(gina, 8, order="gone", product=bread)
    shop.event(gina, 7, order="empty", product=tea, quantity=0, quality="no_quantity")
    shop.event(gina, 6, type="cancel", order="gone", amount=None)
    shop.event(gina, 6, type="cancel", order="kept", product=bread, amount=None)
    build()
    profile = profile_of(gina)
    assert (profile.orders, profile.revenue, profile.products) == (1, Decimal("10.00"), 1)
    assert profile.category_affinity == {"drinks": 1.0}


def test_lines_without_order_id_that_share_their_moment_are_one_order(shop):
    hugo = shop.customer("hugo")
    for days in (4, 4, 2):
        event = shop.event(hugo, days)
        type(event).objects.filter(pk=event.pk).update(order_id=None)
    build()
    assert profile_of(hugo).orders == 2


def test_who_objects_to_profiling_has_no_profile(shop):
    ines = shop.customer("ines")
    shop.event(ines, 3)
    build()
    assert CustomerProfile.objects.filter(customer=ines).exists()
    type(ines).objects.filter(pk=ines.pk).update(no_profiling=True)
    assert build() == 0
    assert not CustomerProfile.objects.filter(customer=ines).exists()


def test_the_same_build_again_changes_nothing(shop):
    for number in range(7):
        customer = shop.customer(f"c{number}")
        for order in range(number):
            shop.event(customer, 3 + 11 * order, amount=f"{number}.50")
    build()
    before = list(CustomerProfile.objects.order_by("pk").values())
    build()
    assert list(CustomerProfile.objects.order_by("pk").values()) == before
    assert len(before) == 7


def test_equal_customers_score_equally_and_the_scores_are_quantiles(shop):
    people = [shop.customer(f"c{number}") for number in range(10)]
    for number, customer in enumerate(people):
        # Recency 1, 1, 2, 2, … : five pairs of equals; money 1 to 10.
        shop.event(customer, 1 + number // 2, amount=f"{number + 1}.00")
    build()
    profiles = [profile_of(customer) for customer in people]
    assert [p.rfm_r for p in profiles] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [p.rfm_m for p in profiles] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [p.rfm_f for p in profiles] == [3] * 10


def test_scores_agree_with_the_library(shop):
    import polars as pl

    from recommender.profiling import rfm

    for number in range(23):
        customer = shop.customer(f"c{number}")
        for order in range(1 + number % 4):
            shop.event(customer, 1 + (number * 7) % 40 + order, amount=f"{1 + number % 5}.00")
    build()
    rows = CustomerProfile.objects.order_by("pk").values(
        "recency_days", "orders", "revenue", "rfm_r", "rfm_f", "rfm_m"
    )
    frame = pl.DataFrame([row | {"revenue": float(row["revenue"])} for row in rows])
    scored = rfm(frame, frequency="orders", monetary="revenue")
    assert scored.select("r", "f", "m").rows() == frame.select("rfm_r", "rfm_f", "rfm_m").rows()


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([5], "new"),
        ([95, 85, 75, 65, 55, 45, 35, 25, 15, 5], "active"),
        ([60, 50, 40, 30, 21], "lapsing"),
        ([90, 80, 70, 60, 50], "lapsed"),
        ([130, 120, 110, 100, 3], "won_back"),
        ([130, 120, 110, 100, 61, 51, 41, 31, 21, 11, 1], "active"),
        ([200], "lapsed"),
    ],
)
def test_lifecycle_follows_the_customers_own_rhythm(shop, days, expected):
    customer = shop.customer("someone")
    for day in days:
        shop.event(customer, day)
    build()
    assert profile_of(customer).lifecycle == expected


@pytest.mark.parametrize(
    ("scores", "orders", "expected"),
    [
        ((5, 5, 5), 9, "champions"),
        ((2, 5, 4), 9, "big_spenders_quiet"),
        ((1, 3, 3), 9, "at_risk"),
        ((3, 4, 2), 9, "loyal"),
        ((4, 1, 1), 1, "new"),
        ((3, 2, 2), 3, "promising"),
        ((2, 2, 3), 3, "hibernating"),
    ],
)
def test_each_rfm_group(db, scores, orders, expected):
    from django.db import connection

    from profiles.rules import RFM_CLASS

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {RFM_CLASS} FROM (SELECT %s AS r, %s AS f, %s AS m, %s AS orders, 0.1 AS sale_share) x",
            [*scores, orders],
        )
        assert cursor.fetchone() == (expected,)
