"""Changes of price and stock become events, each once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from catalog.services import upsert_products
from core.money import Money
from events import catalogue
from events.catalogue import interested, note_changes
from events.models import Event
from events.services import ingest
from tests.factories.events import event
from tests.patience import PATIENCE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def offer(sku, at, price=None, stock=None, currency="USD"):
    money = None if price is None else Money(Decimal(price), currency)
    row = {"sku": sku} | ({"price": money} if price else {}) | ({} if stock is None else {"stock": stock})
    return upsert_products([row], at)[sku]


def written():
    return list(
        Event.objects.order_by("occurred_at", "type").values_list("type", "product__sku", "properties")
    )


@pytest.mark.django_db
def test_falls_are_events_and_rises_are_none(settings):
    settings.SHOP_EXCHANGE_RATES = {"EUR": "2"}
    for day, price in enumerate(["10", "8", "8", "9", "7.50"]):
        offer("tea", NOW + day * DAY, price, currency="EUR")
    assert note_changes(NOW + 9 * DAY) == 2
    assert written() == [
        ("price_drop", "tea", {"price": "8.00", "before": "10.00", "percent": 20.0}),
        ("price_drop", "tea", {"price": "7.50", "before": "9.00", "percent": 16.7}),
    ]
    first = Event.objects.earliest("occurred_at")
    assert (first.customer_id, first.actor_id, first.amount, first.currency) == (
        None,
        None,
        Decimal(16),
        "EUR",
    )
    assert first.occurred_at == NOW + DAY
    assert note_changes(NOW + 9 * DAY) == 0


@pytest.mark.django_db
def test_another_currency_is_no_fall():
    offer("tea", NOW, "10", currency="EUR")
    offer("tea", NOW + DAY, "8", currency="USD")
    assert note_changes(NOW + DAY) == 0


@pytest.mark.django_db
def test_stock_that_comes_back_and_runs_low(settings):
    settings.CATALOG_LOW_STOCK = 5
    for day, stock in enumerate([20, 6, 5, 3, 0, 4, 50, -1, 1]):
        offer("tea", NOW + day * DAY, stock=stock)
    note_changes(NOW + 9 * DAY)
    assert written() == [
        ("low_stock", "tea", {"stock": 5, "before": 6}),
        ("back_in_stock", "tea", {"stock": 4, "before": 0}),
        ("back_in_stock", "tea", {"stock": 1, "before": -1}),
    ]


@pytest.mark.django_db
def test_the_first_word_about_a_product_is_no_event():
    offer("tea", NOW, "10", stock=1)
    assert note_changes(NOW) == 0


@pytest.mark.django_db
def test_a_batch_that_fails_is_written_next_time(monkeypatch):
    offer("tea", NOW, "10")
    offer("tea", NOW + DAY, "8")
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "record", lambda rows, now: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            note_changes(NOW + DAY)
    assert not Event.objects.exists()
    assert note_changes(NOW + DAY) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_each_event_once(monkeypatch):
    monkeypatch.setattr(catalogue, "BATCH", 7)
    for n in range(40):
        offer(f"p{n}", NOW, "10")
        offer(f"p{n}", NOW + DAY, "8")
    gate = Barrier(3)

    def work(_):
        try:
            gate.wait(timeout=PATIENCE)
            return note_changes(NOW + DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == 40
    assert Event.objects.count() == 40


@pytest.mark.django_db
def test_who_looked_and_did_not_buy_is_interested():
    def did(name, kind, day, sku="tea"):
        row = event(f"{name}{kind}{day}{sku}", type=kind, customer=name, sku=sku,
                    occurred_at=(NOW + day * DAY).isoformat())  # fmt: skip
        ingest([row], now=NOW + 9 * DAY)

    did("ada", "view", 1)
    did("ada", "add_to_cart", 2)
    did("bob", "view", 1)
    did("bob", "purchase", 2)
    did("eve", "purchase", 1)
    did("eve", "view", 2)
    did("old", "view", -5)
    did("cat", "view", 1, sku="coffee")
    tea = offer("tea", NOW + 3 * DAY, "8")
    found = interested([tea.pk], since=NOW, as_of=NOW + 4 * DAY)
    names = dict(Event.objects.values_list("customer_id", "customer__external_id"))
    assert [(names[i.customer_id], i.at) for i in found] == [("ada", NOW + 2 * DAY), ("eve", NOW + 2 * DAY)]
