"""Products from frames and the category tree."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from catalog.categories import ensure_categories
from catalog.models import Category, PriceChange, Product
from catalog.services import ensure_products, load_products

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def frame(**columns):
    rows = {
        "sku": ["a", "b"],
        "name": ["A", "B"],
        "category_id": [None, None],
        "brand": ["x", ""],
        "attributes": ['{"g":1}', "{}"],
        "price": [Decimal("1.50"), None],
        "known_since": [NOW, None],
    } | columns
    return pl.DataFrame(rows, schema_overrides={"category_id": pl.Int64, "price": pl.Decimal(14, 2)})


def test_whole_products_are_loaded_once():
    ensure_products(["a"], NOW)
    assert load_products(frame(), NOW) == (1, 1)
    assert load_products(frame(), NOW) == (0, 0)
    assert load_products(frame(price=[Decimal("1.40"), None]), NOW) == (0, 1)
    a, b = Product.objects.order_by("sku")
    assert (a.price, a.currency, a.attributes, a.is_stub) == (Decimal("1.40"), "USD", {"g": 1}, False)
    assert (b.price, b.currency, b.brand) == (None, "", "")
    assert list(PriceChange.objects.order_by("id").values_list("price", flat=True)) == [
        Decimal("1.50"),
        Decimal("1.40"),
    ]


def test_a_category_hangs_under_its_parent():
    ids = ensure_categories([("Grocery", "Tea & co."), ("Grocery",), ("Grocery", "Tea & co.")])
    tea = Category.objects.get(path="grocery/tea-co")
    assert (tea.name, tea.parent.name) == ("Tea & co.", "Grocery")
    assert ids == {("Grocery", "Tea & co."): tea.pk, ("Grocery",): tea.parent_id}
    assert Category.objects.count() == 2
