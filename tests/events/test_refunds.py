"""A refund that names no product and gives back all that an order cost is found, in whatever sequence."""

from datetime import UTC, datetime, timedelta

import pytest

from customers.models import Customer
from events import changes, refunds
from events.models import Event
from events.services import ingest
from events.undo import remove
from segments.preview import preview
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def bought(message_id="p1", amount="12.30", **fields):
    return event(message_id, amount=amount and {"amount": amount, "currency": "USD"}, **fields)


def refund(message_id="r1", amount="12.30", *, day=3, **fields):
    at = f"2026-02-{day:02}T10:00:00Z"
    members = {"type": "refund", "sku": None, "quantity": None, "occurred_at": at} | fields
    return bought(message_id, amount, **members)


def sent(*events):
    result = ingest(events, now=NOW)
    assert (result.accepted, result.rejected, result.quarantined) == (len(events), [], [])


def covering():
    return sorted(Event.objects.filter(covers_order=True).values_list("message_id", flat=True))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([bought(), refund()], ["r1"]),
        ([refund(), bought()], ["r1"]),
        ([bought(), refund(amount="15.00")], ["r1"]),
        ([bought(), refund(amount="12.29")], []),
        ([bought(), refund(order_id="o2")], []),
        ([bought(), refund(customer="bob")], []),
        ([bought(), refund(amount="5.00"), refund("r2", "7.30", day=5)], ["r2"]),
        ([bought(), refund("r2", "7.30", day=5), refund(amount="5.00")], ["r2"]),
        ([bought(), refund("r2", "12.30", day=5), refund(amount="5.00")], ["r2"]),
        ([bought(), bought("p2", "3.00", sku="cup"), refund()], []),
        ([bought(), refund(), bought("p2", "3.00", sku="cup")], []),
        ([bought(), refund(), bought("p2", "3.00", sku="cup"), refund("r2", "3.00", day=4)], ["r2"]),
        ([bought(), bought("p2", "3.00", sku="cup"), refund(sku="tea"), refund("r2", "3.00", day=4)], ["r2"]),
        (
            [
                bought(), bought("p2", "3.00", sku="cup"), refund(),
                bought("c1", None, type="cancel", sku="cup", quantity=None),
            ],
            ["r1"],
        ),
        ([bought(), bought("p2", None, sku="cup"), refund()], []),
        ([refund()], []),
        ([bought(occurred_at="2026-02-03T18:00:00Z"), refund()], ["r1"]),
        ([refund(), bought(occurred_at="2026-02-03T18:00:00Z")], ["r1"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("at_once", [True, False])
def test_which_refunds_cover_their_order(events, expected, at_once):
    for batch in [events] if at_once else [[one] for one in events]:
        sent(*batch)
    assert covering() == expected


def test_an_order_given_back_by_its_total_was_not_bought_and_its_money_is_gone():
    sent(
        bought(),
        bought("p2", order_id="o2", customer="bob"),
        refund(),
        refund("r2", "12.00", order_id="o2", customer="bob"),
    )
    for rule, size in [
        ({"event": "purchase"}, 1),
        ({"event": "purchase", "never": True}, 1),
        ({"event": "purchase", "orders": {"gte": 1}}, 1),
        ({"event": "purchase", "amount": {"eq": 0.3}}, 1),
        ({"event": "purchase", "amount": {"eq": 0}}, 1),
    ]:
        assert preview(rule, as_of=NOW)["size"] == size, rule
    before = datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert preview({"event": "purchase"}, as_of=before)["size"] == 2


def test_what_is_taken_out_again_counts_no_more():
    sent(bought(), bought("p2", "3.00", sku="cup"), refund())
    assert covering() == []
    cup = Event.objects.get(message_id="p2")
    remove([(cup.pk, cup.occurred_at)])
    assert covering() == ["r1"]


def test_what_two_workers_stored_at_the_same_moment_is_found_soon(monkeypatch):
    monkeypatch.setattr(refunds, "follow", lambda *columns: None)
    sent(bought(), refund())
    changes.fold(NOW)
    assert covering() == []
    assert refunds.settle_recent(NOW + refunds.STRAGGLERS) == 0
    soon = NOW + timedelta(minutes=1)
    assert refunds.settle_recent(soon) == 1
    assert (covering(), refunds.settle_recent(soon)) == (["r1"], 0)
    alice = Customer.objects.get(external_id="alice").pk
    changes.fold(soon)
    assert [taken.customer_id for taken in changes.take("segments", 10, soon)] == [alice]


def test_only_batches_about_orders_ask(django_assert_num_queries):
    with django_assert_num_queries(0):
        refunds.follow(["view", "purchase", "refund"], ["1", None, "2"], ["o", "o", None], NOW)
    with django_assert_num_queries(1):
        refunds.follow(["purchase"] * 2, ["1", "2"], ["o", "p"], NOW)
