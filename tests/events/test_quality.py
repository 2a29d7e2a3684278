"""What is noted about the data, per source and day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.models import Product
from events import quality
from events.models import Event, QualityCount, TypicalPrice
from events.services import ingest
from tests.factories.events import event

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 3, 1)
pytestmark = pytest.mark.django_db


def noted():
    return {(r["source"], r["note"]): r["count"] for r in quality.figures(DAY, DAY)}


def test_a_batch_leaves_its_figures():
    ingest([
        event("m1"), event("m1"), event("m2", quantity=0), event("m3", source="till", amount=None),
        event("m4", occurred_at="2027-01-01T00:00:00Z"), event("m5", type="nonsense"),
        event("m6", source=None, occurred_at=None),
        event("m7", amount={"amount": "5", "currency": "XTS"}),
    ], now=NOW)  # fmt: skip
    assert noted() == {
        ("shop", "accepted"): 3, ("shop", "duplicate"): 1, ("shop", "no_quantity"): 1, ("shop", "future"): 1,
        ("shop", "rejected"): 1, ("shop", "no_rate"): 1, ("shop", "unknown_customer"): 1,
        ("shop", "unknown_product"): 1, ("till", "accepted"): 1, ("api", "accepted"): 1,
        ("api", "no_time"): 1, ("api", "no_source"): 1,
    }  # fmt: skip


def test_nothing_is_noted_of_what_is_rolled_back(settings):
    settings.EVENTS_UNKNOWN_CUSTOMERS = "refuse"
    result = ingest([event("m1")], now=NOW)
    assert result.rejected == [
        {"index": 0, "errors": {"customer": ["Is unknown here. Send the customer's record first."]}}
    ]
    assert noted() == {("shop", "rejected"): 1}


def test_refused_events_leave_no_key_behind(settings):
    settings.EVENTS_UNKNOWN_PRODUCTS = "refuse"
    assert ingest([event("m1"), event("m2", sku=None, quantity=None)], now=NOW).accepted == 1
    assert not Product.objects.exists()
    settings.EVENTS_UNKNOWN_PRODUCTS = "stub"
    again = ingest([event("m1")], now=NOW)
    assert (again.accepted, again.stubs) == (1, {"customers": 0, "products": 1})


def test_odd_prices_are_kept_and_marked():
    def bought(name, amount, quantity=1):
        return event(name, quantity=quantity, amount={"amount": amount, "currency": "USD"})

    ingest([bought(f"m{n}", "10.00", 1 + n % 2 * 4) for n in range(9)], now=NOW)
    assert quality.renew_typical_prices(NOW) == 1
    assert TypicalPrice.objects.get().price == Decimal("10.00")
    ingest([bought("zero", "0"), bought("dear", "200.01"), bought("limit", "200.00"),
            bought("many", "2000.00", 10)], now=NOW)  # fmt: skip
    marked = dict(Event.objects.exclude(quality="").values_list("message_id", "quality"))
    assert marked == {"zero": "zero_price", "dear": "outlier"}
    assert {k: v for k, v in noted().items() if k[1] in ("zero_price", "outlier")} == {
        ("shop", "zero_price"): 1, ("shop", "outlier"): 1,
    }  # fmt: skip


def test_folding_keeps_the_sums():
    for _ in range(3):
        quality.note("till", DAY, {"duplicate": 2, "outlier": 0})
    quality.note("till", DAY + timedelta(days=1), {"duplicate": 5})
    quality.fold(NOW)
    rows = QualityCount.objects.order_by("day").values_list("day", "note", "count")
    assert list(rows) == [(DAY, "duplicate", 6), (DAY + timedelta(days=1), "duplicate", 5)]
    assert quality.sources() == ["till"]


def test_the_day_is_the_shops(settings):
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    assert quality.shop_day(datetime(2026, 3, 1, 17, tzinfo=UTC)) == date(2026, 3, 2)
