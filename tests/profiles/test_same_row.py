"""The incremental build and the complete one come to the same rows, whatever happened in between."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalog.models import Product
from customers.identity.merging import merge, undo
from customers.models import Customer
from events import changes, refunds
from events.models import Event
from profiles.building import changed, complete
from profiles.models import CustomerProfile, ProfileBuild, SalePeriod
from profiles.services import build_profiles
from tests.factories.histories import Shop
from tests.profiles.conftest import AS_OF

#: What follows from the moment alone; an untouched customer's is as old as its profile.
BY_TIME = {"as_of", "recency_days", "tenure_days", "orders_90d", "revenue_90d", "lifecycle", "rfm_class",
           "returned", "return_gap_days"}  # fmt: skip

_days = st.one_of(st.integers(1, 400).map(float), st.floats(0.01, 40).map(lambda day: round(day, 3)))
_happening = st.tuples(
    st.sampled_from(
        ["purchase"] * 6
        + ["refund", "refund_order", "cancel", "cancel_line", "search", "merge", "undo", "object", "agree"]
    ),
    st.integers(0, 5),  # customer
    st.integers(0, 5),  # the other customer, an order, a product
    _days,
    st.sampled_from(["1.00", "3.33", "20.00", "0.00"]),
)


def rows(*, without=frozenset()):
    found = CustomerProfile.objects.order_by("pk").values()
    return [{k: v for k, v in row.items() if k not in {"computed_at", *without}} for row in found]


def differences(left, right):
    """Return what differs, by customer and field, for a failure that can be read."""
    return [
        (a["customer_id"], name, a[name], b[name])
        for a, b in zip(left, right, strict=True)
        for name in a
        if a[name] != b[name]
    ]


def happen(shop, products, merges, what):
    """Let something happen, and note who changed as the platform does."""
    kind, number, other, days, amount = what
    found = {c.external_id: c for c in Customer.objects.all()}
    customer = found.get(f"c{number}")
    if kind == "undo":
        if merges:
            undo(merges.pop(), user=None, now=AS_OF)
        return
    if customer is None:
        return
    if kind == "merge":
        second = found.get(f"c{other}")
        if second is not None and second != customer:
            merges.append(merge(customer, second, now=AS_OF))
        return
    if kind in ("object", "agree"):
        Customer.objects.filter(pk=customer.pk).update(no_profiling=kind == "object")
    elif kind == "purchase":
        product, order = products[other % len(products)], f"o{number}-{other}-{days}"
        shop.event(customer, days, order=order, product=product, amount=amount, discount=amount)
        shop.event(customer, days, order=order, product=products[0], amount="2.50", quantity=2)
    elif kind == "search":
        shop.event(customer, days, type="search", amount=None, properties={"search": f"Term {other}"})
    elif kind == "refund":
        shop.event(customer, days, type="refund", amount=amount)
    else:
        bought = Event.objects.filter(customer=customer, type="purchase").order_by("pk")
        order = bought.values_list("order_id", flat=True)[:1]
        if order and kind == "refund_order":
            shop.event(customer, days, type="refund", order=order[0], amount="999.00")
            refunds.settle([(customer.pk, order[0])])
        elif order:
            product = products[0] if kind == "cancel_line" else None
            shop.event(customer, days, type="cancel", order=order[0], product=product, amount=None)
    changes.note([customer.pk], AS_OF)


@pytest.mark.django_db(transaction=False)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[
        Phase.explicit,
        Phase.generate,
    ],  # an example takes a second: making it smaller would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(_happening, max_size=25),
    after=st.lists(_happening, min_size=1, max_size=10),
    later=st.floats(0.1, 50),
)
def test_incremental_and_complete_builds_agree(db, before, after, later):
    from django.db import transaction

    with transaction.atomic():
        shop, merges = Shop(AS_OF), []
        shop.customer("nobody")
        for number in range(6):
            shop.customer(f"c{number}")
        products = [
            shop.product(f"p{n}", path=path, brand=brand)
            for n, (path, brand) in enumerate([("a/x", "B"), ("a/y", ""), ("b", "C"), ("", "B")])
        ]
        # A large sale so that the calendar takes part.
        sale = AS_OF.date() - timedelta(days=20)
        SalePeriod.objects.create(name="Summer", starts_on=sale, ends_on=sale + timedelta(days=6))
        for what in before:
            happen(shop, products, merges, what)
        build_profiles(as_of=AS_OF, now=AS_OF)
        changes.fold(AS_OF)
        changed.refresh_changed(as_of=AS_OF, now=AS_OF + timedelta(hours=2))
        for what in after:
            happen(shop, products, merges, what)

        # At one moment everybody's rows agree, those of people included who were only passed by others.
        changed.refresh_changed(as_of=AS_OF, now=AS_OF + timedelta(hours=4))
        quick = rows()
        build_profiles(as_of=AS_OF, now=AS_OF + timedelta(hours=5))
        assert differences(quick, rows()) == []

        # At a later moment those who changed have the row of a complete build; others what time leaves.
        for what in after:
            happen(shop, products, merges, what)
        moment = AS_OF + timedelta(days=later)
        looked_at = set(
            Customer.objects.filter(
                pk__in=[
                    c.customer_id for c in changes.take(changed.CONSUMER, 100, moment + timedelta(days=1))
                ]
            ).values_list("pk", flat=True)
        )
        changed.build_customers(looked_at, as_of=moment, now=moment)
        quick, quick_timeless = rows(), rows(without=BY_TIME)
        build_profiles(as_of=moment, now=moment + timedelta(hours=1))
        slow = rows()
        whole = [[r for r in found if r["customer_id"] in looked_at] for found in (quick, slow)]
        assert differences(*whole) == []
        stale = {"daypart_affinity", "category_affinity", "brand_affinity", "top_category_id"}
        drop = lambda found: [{k: v for k, v in r.items() if k not in stale} for r in found]  # noqa: E731
        assert differences(drop(quick_timeless), drop(rows(without=BY_TIME))) == []
        transaction.set_rollback(True)


@pytest.fixture
def history(shop):
    tea = shop.product("tea", path="drinks", brand="Leaf")
    for number in range(12):
        customer = shop.customer(f"c{number}")
        for order in range(1 + number % 4):
            shop.event(
                customer,
                2 + 9 * order + number,
                product=tea,
                amount=f"{number + 1}.00",
                order=f"{number}-{order}",
            )
    return shop


def test_a_profile_of_a_day_never_knows_what_came_later(history):
    """Everything that can happen after the moment happens; the profiles stay bit for bit the same."""
    early = AS_OF - timedelta(days=15)
    build_profiles(as_of=early, now=AS_OF)
    before = rows()
    assert any(row["orders"] for row in before)
    product = Product.objects.get()
    for number in range(12):
        customer = Customer.objects.get(external_id=f"c{number}")
        history.event(customer, 15 - number, amount="99.00", product=product)
        history.event(customer, 14, type="refund", amount="9.00")
        history.event(customer, 13, type="cancel", order=f"{number}-0", amount=None)
        history.event(customer, 15, type="search", amount=None, properties={"search": "later"})
    SalePeriod.objects.create(name="Later", starts_on=AS_OF.date(), ends_on=AS_OF.date())
    build_profiles(as_of=early, now=AS_OF)
    assert rows() == before
    ids = list(Customer.objects.values_list("pk", flat=True))
    changed.build_customers(ids, as_of=early, now=AS_OF)
    assert rows() == before
    build_profiles(as_of=AS_OF, now=AS_OF)
    assert rows() != before


def test_a_build_whose_worker_died_goes_on_where_it_stopped(history, monkeypatch):
    seen = []
    gather = complete.running.gather

    def die_in_the_third_slice(known, people, figures, values):
        seen.append(values["after"])
        if len(seen) == 3:
            raise SystemExit
        gather(known, people, figures, values)

    monkeypatch.setattr(complete.running, "gather", die_in_the_third_slice)
    with pytest.raises(SystemExit):
        complete.build(as_of=AS_OF, now=AS_OF, size=4)
    left = complete.unfinished(AS_OF)
    assert left.as_of == AS_OF
    assert left.customers == 8
    assert not CustomerProfile.objects.exists()  # readers see nothing that is halfway

    done = complete.build(as_of=AS_OF, now=AS_OF, size=4)
    assert done.pk == left.pk
    assert seen[3] == left.through  # the two slices that were done are not done again
    assert len(seen) == 4
    assert CustomerProfile.objects.count() == 12
    stopped = rows()
    complete.build(as_of=AS_OF, now=AS_OF + timedelta(hours=1))
    assert rows() == stopped
    assert not ProfileBuild.objects.filter(finished_at=None).exists()


def test_a_build_for_another_moment_begins_anew(history, monkeypatch):
    monkeypatch.setattr(complete.running, "gather", lambda *a: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        complete.build(as_of=AS_OF, now=AS_OF)
    monkeypatch.undo()
    done = complete.build(as_of=AS_OF - timedelta(days=30), now=AS_OF)
    assert done.finished_at
    assert set(CustomerProfile.objects.values_list("as_of", flat=True)) == {AS_OF - timedelta(days=30)}
    assert ProfileBuild.objects.count() == 1


def test_a_complete_build_leaves_profiles_that_know_more(history, monkeypatch):
    """A customer who changes while the complete build runs keeps the newer row; ranks count it."""
    customer = Customer.objects.get(external_id="c3")
    publish = complete._publish

    def meanwhile(build, now):
        history.event(customer, 0.5, amount="500.00")
        changed.build_customers([customer.pk], as_of=AS_OF, now=AS_OF + timedelta(seconds=30))
        publish(build, now)

    monkeypatch.setattr(complete, "_publish", meanwhile)
    build_profiles(as_of=AS_OF, now=AS_OF)
    profile = CustomerProfile.objects.get(customer=customer)
    assert profile.recency_days == 0.5
    assert profile.computed_at == AS_OF + timedelta(seconds=30)
    assert profile.rfm_m == 5
    quick = rows()
    monkeypatch.undo()
    build_profiles(as_of=AS_OF, now=AS_OF + timedelta(hours=1))
    assert rows() == quick


def test_changed_customers_are_taken_once_and_those_ahead_stay(history):
    build_profiles(as_of=AS_OF, now=AS_OF)
    changed.refresh_changed(as_of=AS_OF, now=AS_OF)
    customer, other = Customer.objects.filter(external_id__in=["c1", "c2"]).order_by("pk")
    history.event(customer, 0.001, amount="7.00")
    history.event(other, -0.01, amount="7.00")  # a till whose clock is a quarter of an hour fast
    changes.note([customer.pk, other.pk], AS_OF)
    assert changed.refresh_changed(as_of=AS_OF, now=AS_OF) == 2
    assert CustomerProfile.objects.get(customer=customer).recency_days < 0.01
    assert changes.waiting(changed.CONSUMER).customers == 1
    assert CustomerProfile.objects.get(customer=other).recency_days > 1
    later = AS_OF + changes.LEASE + timedelta(minutes=5)
    assert changed.refresh_changed(as_of=later, now=later) == 1
    assert CustomerProfile.objects.get(customer=other).recency_days < 0.01
    assert changes.waiting(changed.CONSUMER).customers == 0


def test_a_sale_on_the_calendar_is_no_loyalty(shop):
    """Two who bought as often; one of them only in the sale."""
    for number in range(8):
        shop.event(shop.customer(f"few{number}"), 200 + number, amount="1.00")
    loyal, hunter = shop.customer("loyal"), shop.customer("hunter")
    for order in range(5):
        shop.event(loyal, 2 + 30 * order, amount="20.00")
        shop.event(hunter, 2 + order, amount="20.00")
    build_profiles(as_of=AS_OF, now=AS_OF)
    groups = dict(CustomerProfile.objects.values_list("customer__external_id", "rfm_class"))
    assert (groups["loyal"], groups["hunter"]) == ("champions", "champions")
    today = AS_OF.date()
    SalePeriod.objects.create(name="Sale", starts_on=today - timedelta(days=7), ends_on=today)
    build_profiles(as_of=AS_OF, now=AS_OF)
    groups = dict(CustomerProfile.objects.values_list("customer__external_id", "rfm_class"))
    assert (groups["loyal"], groups["hunter"]) == ("champions", "promising")
    shares = dict(CustomerProfile.objects.values_list("customer__external_id", "sale_share"))
    assert (shares["loyal"], shares["hunter"]) == (0.2, 1.0)


def test_holidays_of_the_shops_country_are_known(shop, settings):
    settings.SHOP_COUNTRY = "US"
    alice = shop.customer("alice")
    shop.event(alice, 7, amount="30.00")  # Memorial Day 2024-05-27
    shop.event(alice, 6, amount="10.00")
    build_profiles(as_of=AS_OF, now=AS_OF)
    assert CustomerProfile.objects.get().holiday_share == pytest.approx(0.75)
