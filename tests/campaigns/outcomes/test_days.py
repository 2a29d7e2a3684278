"""The shop's days in sum follow every kind of change exactly, and agree with a plain calculation."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from campaigns.outcomes.daily import orders
from campaigns.outcomes.daily.selectors import course
from campaigns.outcomes.models import CustomerDays, ShopDay
from customers.identity import merging
from customers.models import Customer
from customers.services import upsert_customers
from events import changes
from events.models import Event
from events.services import record
from tests.factories.tables import checksums

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def people(settings):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    made = upsert_customers([{"external_id": name} for name in ("ada", "bob")], NOW)
    orders.follow(now=NOW)
    return made.ids


def fact(key, kind, customer, at, *, order=None, amount=None, sku=None, source="shop"):
    return {
        "source": source, "message_id": key, "type": kind, "customer_id": customer, "order_id": order,
        "occurred_at": datetime.fromisoformat(at).replace(tzinfo=UTC), "quantity": 1,
        "amount": amount, "currency": "USD", "sku": sku,
    }  # fmt: skip


def store(*facts):
    record(list(facts), now=NOW)
    changes.note({f["customer_id"] for f in facts if f["customer_id"]}, NOW)
    orders.follow(now=NOW)


def days():
    """Return {day: (orders, of guests, customers, first orders, revenue)} of the days with anything."""
    rows = ShopDay.objects.values_list(
        "day", "orders", "guest_orders", "customers", "first_orders", "revenue"
    )
    return {day.day: tuple(rest) for day, *rest in rows if any(rest)}


def test_an_order_belongs_to_the_shops_day_of_its_first_line(people):
    ada = people["ada"]
    # 23:30 UTC is the next day in Berlin; after the change of clocks on the 29th, so is 22:30.
    store(
        fact("1", "purchase", ada, "2026-03-10T23:30", order="a", amount="10.00"),
        fact("2", "purchase", ada, "2026-03-12T09:00", order="a", amount="5.00"),
        fact("3", "purchase", ada, "2026-03-28T22:30", order="b", amount="1.00"),
        fact("4", "purchase", ada, "2026-03-29T22:30", order="c", amount="2.00"),
    )
    assert days() == {
        11: (1, 0, 1, 1, Decimal("15.00")),
        28: (1, 0, 1, 0, Decimal("1.00")),
        30: (1, 0, 1, 0, Decimal("2.00")),
    }


def test_refunds_and_cancellations_change_the_orders_own_day(people):
    ada, bob = people["ada"], people["bob"]
    store(
        fact("1", "purchase", ada, "2026-03-05T10:00", order="a", amount="10.00", sku="x"),
        fact("2", "purchase", ada, "2026-03-05T10:00", order="a", amount="4.00", sku="y"),
        fact("3", "purchase", bob, "2026-03-05T11:00", order="b", amount="8.00"),
    )
    assert days() == {5: (2, 0, 2, 2, Decimal("22.00"))}
    store(fact("4", "refund", ada, "2026-03-20T10:00", order="a", amount="3.00"))
    assert days() == {5: (2, 0, 2, 2, Decimal("19.00"))}
    store(fact("5", "cancel", bob, "2026-03-06T10:00", order="b"))
    assert days() == {5: (1, 0, 1, 1, Decimal("11.00"))}
    # A refund of what nobody told of counts where it happened.
    store(fact("6", "refund", bob, "2026-03-21T10:00", order="unknown", amount="2.50"))
    assert days() == {5: (1, 0, 1, 1, Decimal("11.00")), 21: (0, 0, 0, 0, Decimal("-2.50"))}


def test_a_late_fact_makes_another_order_the_first(people):
    ada = people["ada"]
    store(fact("1", "purchase", ada, "2026-03-10T10:00", order="b", amount="10.00"))
    assert days() == {10: (1, 0, 1, 1, Decimal("10.00"))}
    store(fact("2", "purchase", ada, "2026-03-02T10:00", order="a", amount="6.00"))
    assert days() == {2: (1, 0, 1, 1, Decimal("6.00")), 10: (1, 0, 1, 0, Decimal("10.00"))}
    total = course(*MARCH).total
    assert (total.known_orders, total.repeat_share) == (2, 0.5)
    Event.objects.filter(message_id="2").delete()  # as an undone import does
    changes.note([ada], NOW)
    orders.follow(now=NOW)
    assert days() == {10: (1, 0, 1, 1, Decimal("10.00"))}


def test_a_merge_makes_two_people_one_and_its_undo_two(people):
    store(
        fact("1", "purchase", people["ada"], "2026-03-10T10:00", order="a", amount="10.00"),
        fact("2", "purchase", people["bob"], "2026-03-10T12:00", order="b", amount="6.00"),
    )
    before = checksums()
    assert days() == {10: (2, 0, 2, 2, Decimal("16.00"))}
    merge = merging.merge(*(Customer.objects.get(external_id=n) for n in ("ada", "bob")), now=NOW)
    assert days() == {10: (2, 0, 1, 1, Decimal("16.00"))}
    orders.follow(now=NOW)
    assert days() == {10: (2, 0, 1, 1, Decimal("16.00"))}
    merging.undo(merge, now=NOW)
    orders.follow(now=NOW)
    after = checksums()
    assert {t: after[t] for t in after if t.startswith("outcomes.")} == {
        t: before[t] for t in before if t.startswith("outcomes.")
    }


def test_guests_are_counted_apart_and_the_erased_become_guests(people):
    ada = people["ada"]
    store(
        fact("1", "purchase", None, "2026-03-30T10:00", order="g", amount="7.00"),
        fact("2", "purchase", None, "2026-03-30T11:00", amount="2.00"),
        fact("3", "purchase", ada, "2026-03-30T12:00", order="a", amount="10.00"),
        fact("4", "purchase", ada, "2026-03-03T12:00", order="b", amount="1.00"),
    )
    assert days() == {3: (1, 0, 1, 1, Decimal("1.00")), 30: (3, 2, 1, 0, Decimal("19.00"))}
    Event.objects.filter(customer_id=ada).update(customer_id=None, order_id=None)
    orders.forget(ada)
    assert days() == {3: (1, 1, 0, 0, Decimal("1.00")), 30: (3, 3, 0, 0, Decimal("19.00"))}
    orders.build(now=NOW)
    assert days() == {3: (1, 1, 0, 0, Decimal("1.00")), 30: (3, 3, 0, 0, Decimal("19.00"))}


def test_another_time_zone_builds_the_days_anew(people, settings):
    store(fact("1", "purchase", people["ada"], "2026-03-10T23:30", order="a", amount="10.00"))
    assert list(days()) == [11]
    settings.SHOP_TIME_ZONE = "America/New_York"
    orders.follow(now=NOW)
    assert list(days()) == [10]


def test_the_night_puts_right_what_does_not_agree(people, caplog):
    store(fact("1", "purchase", people["ada"], "2026-03-10T10:00", order="a", amount="10.00"))
    ShopDay.objects.update(revenue=99)
    ShopDay.objects.create(
        day=MARCH[0], orders=1, guest_orders=0, customers=1, first_orders=0, revenue=Decimal(5)
    )
    unseen = fact("2", "purchase", people["bob"], "2026-03-11T10:00", order="b", amount="3.00")
    del unseen["sku"]
    Event.objects.create(**unseen, received_at=NOW)
    assert orders.build(now=NOW) == 2
    assert days() == {10: (1, 0, 1, 1, Decimal("10.00")), 11: (1, 0, 1, 1, Decimal("3.00"))}


def test_any_sequence_of_changes_comes_to_what_a_plain_calculation_says(people):
    """Fifty random batches, looked at one by one, against one look by plain Python at the end."""
    random, ids = Random(7), sorted(people.values())
    facts = []
    for n in range(50):
        batch = []
        for k in range(random.randint(1, 4)):
            at = NOW - timedelta(hours=random.randint(1, 24 * 29))
            kind = random.choices(["purchase", "refund", "cancel"], [7, 2, 1])[0]
            batch.append(
                fact(
                    f"{n}-{k}",
                    kind,
                    random.choice(ids),
                    at.strftime("%Y-%m-%dT%H:%M"),
                    order=f"o{random.randint(1, 25)}",
                    amount=None if kind == "cancel" else f"{random.randint(1, 20)}.00",
                )
            )
        facts += batch
        store(*batch)
    assert days() == plainly(facts)
    with connection.cursor() as cursor:
        cursor.execute(orders._AGREE)
        assert cursor.fetchone()[0] == 0


def plainly(facts):
    berlin = ZoneInfo("Europe/Berlin")
    lines, back, cancelled = defaultdict(list), defaultdict(list), set()
    for f in facts:
        key = (f["customer_id"], f["order_id"])
        if f["type"] == "purchase":
            lines[key].append((f["occurred_at"], Decimal(f["amount"])))
        elif f["type"] == "refund":
            back[key].append((f["occurred_at"], Decimal(f["amount"])))
        else:
            cancelled.add(key)
    whole = {
        key for key in back
        if key in lines and key not in cancelled
        and sum(a for _, a in back[key]) >= sum(a for _, a in lines[key])
    }  # fmt: skip
    found, first, bought = defaultdict(lambda: [0, 0, set(), 0, Decimal(0)]), {}, {}
    for key, line in lines.items():
        if key in cancelled or key in whole:
            continue
        at = min(at for at, _ in line)
        bought[key] = at
        row = found[at.astimezone(berlin).day]
        row[0] += 1
        row[2].add(key[0])
        row[4] += max(Decimal(0), sum(a for _, a in line) - sum(a for _, a in back[key]))
    for (customer, _), at in bought.items():
        first[customer] = min(at, first.get(customer, at))
    for at in first.values():
        found[at.astimezone(berlin).day][3] += 1
    for key, refunds in back.items():
        if key not in lines:
            row = found[min(at for at, _ in refunds).astimezone(berlin).day]
            row[4] -= sum(a for _, a in refunds)
    return {
        day: (n, guests, len(people), firsts, revenue)
        for day, (n, guests, people, firsts, revenue) in found.items()
        if any((n, guests, people, firsts, revenue))
    }


def test_what_everybody_adds_is_what_their_profiles_say(people):
    store(
        fact("1", "purchase", people["ada"], "2026-03-10T10:00", order="a", amount="10.00"),
        fact("2", "refund", people["ada"], "2026-03-12T10:00", order="a", amount="4.00"),
    )
    row = CustomerDays.objects.get(pk=people["ada"])
    assert (row.days, row.orders, row.revenue) == ([date(2026, 3, 10)], [1], [Decimal("6.00")])
