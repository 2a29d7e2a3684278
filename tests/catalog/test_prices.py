"""The lowest price of the 30 days before a reduction."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.models import PriceChange
from catalog.prices import reductions
from tests.factories.catalog import ProductFactory

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def told(*steps, as_of=NOW):
    """Return (price, before, lowest) after prices given as (days ago, price[, currency])."""
    product = ProductFactory()
    for days, price, *currency in steps:
        PriceChange.objects.create(
            product=product, price=price, currency=(currency or ["EUR"])[0], at=NOW - timedelta(days=days)
        )
    found = reductions([product.pk], as_of=as_of).get(product.pk)
    return found and tuple(str(m.amount) for m in (found.price, found.before, found.lowest))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # A price in force for long counts, though it came into force before the 30 days.
        ([(300, "10"), (1, "8")], ("8.00", "10.00", "10.00")),
        # A short low within the 30 days is the one to show, whatever was asked just before.
        ([(300, "10"), (20, "7"), (15, "12"), (1, "8")], ("8.00", "12.00", "7.00")),
        # A low that ended more than 30 days before the reduction does not count.
        ([(300, "5"), (32, "10"), (1, "8")], ("8.00", "10.00", "10.00")),
        # One that was still in force within the 30 days does.
        ([(300, "5"), (30, "10"), (1, "8")], ("8.00", "10.00", "5.00")),
        # The 30 days end with the reduction, not today.
        ([(300, "5"), (60, "10"), (25, "8")], ("8.00", "10.00", "10.00")),
        # A rise is no reduction, nor is the first price, nor another currency.
        ([(300, "8"), (1, "10")], None),
        ([(1, "8")], None),
        ([(300, "10", "USD"), (1, "8", "EUR")], None),
        ([], None),
    ],
)
def test_the_reference_price(steps, expected):
    assert told(*steps) == expected


def test_as_of_a_day_before_the_reduction_there_is_none():
    assert told((300, "10"), (1, "8"), as_of=NOW - timedelta(days=2)) is None


def test_percent_is_of_the_lowest_price():
    product = ProductFactory()
    for days, price in ((300, "10"), (20, "8"), (10, "12"), (1, "6")):
        PriceChange.objects.create(
            product=product, price=price, currency="EUR", at=NOW - timedelta(days=days)
        )
    assert reductions([product.pk], as_of=NOW)[product.pk].percent == Decimal(25)
