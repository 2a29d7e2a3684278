"""Writes of the catalogue. Changes of price and stock leave their history behind."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection, transaction

from catalog.categories import ensure_categories
from catalog.models import Category, PriceChange, Product, StockChange
from core.copy import copy_from_frame

#: What a partner may say about a product beside its number.
FIELDS = (
    "name", "category", "brand", "attributes", "price", "cost", "stock", "active", "url", "image_url",
    "images",
)  # fmt: skip
_EMPTY: dict[str, Any] = {"stock": None, "active": True, "images": []}
_STORED = [
    "name", "category", "brand", "attributes", "price", "currency", "cost", "cost_currency", "stock",
    "active", "url", "image_url", "images", "is_stub", "updated_at",
]  # fmt: skip


def ensure_products(skus: Iterable[str], now: datetime) -> dict[str, int]:
    """Return the primary keys of products, making stubs of the unknown ones. One query, three if some are."""
    wanted = sorted(set(skus))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        found = _ids(cursor, wanted)
        missing = [sku for sku in wanted if sku not in found]
        if missing:
            cursor.execute(
                "INSERT INTO catalog_product (sku, name, brand, attributes, currency, active, url, image_url,"
                " is_stub, created_at, updated_at)"
                " SELECT sku, sku, '', '{}', '', true, '', '', true, %s, %s FROM unnest(%s::varchar[]) AS sku"
                " ORDER BY sku ON CONFLICT (sku) DO NOTHING",
                [now, now, missing],
            )
            found |= _ids(cursor, missing)
    return found


def _ids(cursor: Any, skus: list[str]) -> dict[str, int]:
    cursor.execute("SELECT sku, id FROM catalog_product WHERE sku = ANY(%s)", [skus])
    return dict(cursor.fetchall())


@transaction.atomic
def upsert_products(
    rows: Sequence[Mapping[str, Any]], now: datetime, *, replace: bool = False
) -> dict[str, Product]:
    """Store products by their `sku`: absent fields stay, None clears. Return them by sku.

    With `replace`, absent fields are cleared as well. `price` and `cost` are core.money.Money or None;
    `category` a tuple of names from the root. A constant number of queries.
    """
    ensure_products((row["sku"] for row in rows), now)
    products = {
        p.sku: p
        for p in Product.objects.filter(sku__in=[row["sku"] for row in rows])
        .order_by("sku")
        .select_for_update(no_key=True)
    }
    before = {sku: (p.price, p.currency, p.stock) for sku, p in products.items()}
    categories = ensure_categories(tuple(row["category"]) for row in rows if row.get("category"))
    for row in rows:
        _apply(products[row["sku"]], row, categories, replace, now)
    Product.objects.bulk_create(
        products.values(), update_conflicts=True, unique_fields=["id"], update_fields=_STORED
    )
    _record_changes(products.values(), before, now)
    return products


@transaction.atomic
def upsert_categories(rows: Sequence[Mapping[str, Any]]) -> int:
    """Make the categories that are missing and set which may be recommended; return how many there are now.

    Rows carry `names` from the root and perhaps `recommendable`. Two queries a level and two more.
    """
    ids = ensure_categories(tuple(row["names"]) for row in rows)
    for wish in (True, False):
        wanted = [ids[tuple(row["names"])] for row in rows if row.get("recommendable") is wish]
        if wanted:
            Category.objects.filter(pk__in=wanted).update(recommendable=wish)
    return len(set(ids.values()))


def _apply(
    product: Product,
    row: Mapping[str, Any],
    categories: dict[tuple[str, ...], int],
    replace: bool,
    now: datetime,
) -> None:
    for name in FIELDS:
        if name not in row and not replace:
            continue
        value = row.get(name)
        if name == "category":
            product.category_id = categories[tuple(value)] if value else None
        elif name == "price":
            product.price = value.amount if value else None
            product.currency = value.currency if value else ""
        elif name == "cost":
            product.cost = value.amount if value else None
            product.cost_currency = value.currency if value else ""
        elif name == "attributes":
            product.attributes = value or {}
        else:
            setattr(product, name, _EMPTY.get(name, "") if value is None else value)
    product.name = product.name or product.sku
    product.is_stub = False
    product.updated_at = now


def _record_changes(
    products: Iterable[Product], before: dict[str, tuple[Decimal | None, str, int | None]], now: datetime
) -> None:
    prices, stocks = [], []
    for product in products:
        price, currency, stock = before[product.sku]
        if product.price is not None and (product.price, product.currency) != (price, currency):
            prices.append(
                PriceChange(product=product, price=product.price, currency=product.currency, at=now)
            )
        if product.stock is not None and product.stock != stock:
            stocks.append(StockChange(product=product, stock=product.stock, at=now))
    PriceChange.objects.bulk_create(prices)
    StockChange.objects.bulk_create(stocks)


@transaction.atomic
def load_products(frame: pl.DataFrame, now: datetime) -> tuple[int, int]:
    """Store whole products from a frame by COPY. Return how many were new and how many changed.

    Columns: sku, name, category_id, brand, attributes (JSON text), price, known_since (a moment; from
    when the product and its price are known). 92,000 rows take about 4 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE product_load (sku varchar(200), name varchar(300), category_id bigint,"
            " brand varchar(200), attributes jsonb, price numeric(14, 2), known_since timestamptz)"
            " ON COMMIT DROP"
        )
        copy_from_frame(frame, "product_load")
        cursor.execute(_LOAD, {"now": now, "currency": settings.SHOP_CURRENCY})
        new, changed = cursor.fetchone()
        cursor.execute("DROP TABLE product_load")
        return new, changed


_LOAD = """
WITH before AS (
    SELECT id, price, currency FROM catalog_product WHERE sku IN (SELECT sku FROM product_load)
), stored AS (
    INSERT INTO catalog_product AS p (sku, name, category_id, brand, attributes, price, currency, active, url,
                                      image_url, is_stub, created_at, updated_at)
    SELECT sku, name, category_id, brand, attributes, price,
           CASE WHEN price IS NULL THEN '' ELSE %(currency)s END, true, '', '', false,
           coalesce(known_since, %(now)s), %(now)s
    FROM product_load ORDER BY sku
    ON CONFLICT (sku) DO UPDATE
    SET name = excluded.name, category_id = excluded.category_id, brand = excluded.brand,
        attributes = excluded.attributes, price = excluded.price, currency = excluded.currency,
        is_stub = false, updated_at = excluded.updated_at
    WHERE (p.name, p.category_id, p.brand, p.attributes, p.price, p.currency, p.is_stub)
        IS DISTINCT FROM (excluded.name, excluded.category_id, excluded.brand, excluded.attributes,
                          excluded.price, excluded.currency, false)
    RETURNING p.id, p.price, p.currency, p.created_at
), changes AS (
    INSERT INTO catalog_pricechange (product_id, price, currency, at)
    SELECT s.id, s.price, s.currency, CASE WHEN b.id IS NULL THEN s.created_at ELSE %(now)s END
    FROM stored s LEFT JOIN before b USING (id)
    WHERE s.price IS NOT NULL AND (s.price, s.currency) IS DISTINCT FROM (b.price, b.currency)
)
SELECT count(*) FILTER (WHERE b.id IS NULL), count(b.id) FROM stored s LEFT JOIN before b USING (id)
"""
