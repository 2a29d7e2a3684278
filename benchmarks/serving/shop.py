"""The shop of the benchmark: customers who may be messaged, products, and a year of purchases."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from benchmarks.ingest.storage import execute, say, without_indexes
from catalog.models import Category, Product
from core.copy import copy_from_frame
from core.partitions import ensure_partitions, months_between
from events.store import TABLE

BRANCHES = 40
#: Purchases of a customer in a year; half of what everybody buys, half of a branch of one's own.
LINES = 12


def make(customers: int, products: int, now: datetime) -> None:
    """Store the shop. 200,000 customers and 2.4 million purchases take about two minutes."""
    dice = np.random.default_rng(7)
    stamp = now.isoformat()
    shelves = [Category.objects.create(name=f"C{n}", path=f"c{n}") for n in range(BRANCHES)]
    Product.objects.bulk_create(
        (
            Product(
                sku=f"sku-{n}", name=f"Product {n}", category=shelves[n * BRANCHES // products],
                brand=f"b{n % 90}", price=1 + n % 40, currency="USD", created_at=now, updated_at=now,
            )
            for n in range(products)
        ),
        batch_size=5000,
    )  # fmt: skip
    ids = np.array(sorted(Product.objects.values_list("pk", flat=True)))
    execute(
        "INSERT INTO customers_customer (external_id, first_name, last_name, email_domain, birth_month_day,"
        " locale, time_zone, country, attributes, no_profiling, is_stub, created_at, updated_at)"
        " SELECT 'customer-' || n, '', '', '', '', '', '', '', '{}', false, false, %s, %s"
        f" FROM generate_series(0, {customers - 1}) n",
        now, now,
    )  # fmt: skip
    execute(
        "INSERT INTO customers_consent (customer_id, channel, topic, granted, since)"
        " SELECT id, 'email', 'marketing', true, %s FROM customers_customer",
        now,
    )
    people = np.array([row[0] for row in execute("SELECT id FROM customers_customer ORDER BY id")])
    ensure_partitions(TABLE, months_between(now - timedelta(days=400), now))
    count = customers * LINES
    share = 1 / np.arange(1, products + 1) ** 0.7
    share /= share.sum()
    owners = np.repeat(np.arange(customers), LINES)
    width = products // BRANCHES
    own = (owners % BRANCHES) * width + (dice.pareto(1.2, count) * 20).astype(int) % width
    place = np.where(
        dice.random(count) < 0.5, dice.permutation(products)[dice.choice(products, count, p=share)], own
    )
    seconds = dice.random(count) * 360 * 86_400
    frame = pl.DataFrame(
        {
            "customer_id": people[owners],
            "product_id": ids[place],
            "occurred_at": (
                pl.Series(now.timestamp() - seconds) * 1_000_000
            ).cast(pl.Int64).cast(pl.Datetime("us", "UTC")).dt.to_string("iso:strict"),
            "order_id": pl.Series(owners * LINES + np.tile(np.arange(LINES) // 3, customers)).cast(pl.String),
            "message_id": pl.Series(np.arange(count)).cast(pl.String),
        }
    ).with_columns(
        source=pl.lit("seed"), type=pl.lit("purchase"), quantity=pl.lit(1), amount=pl.lit("9.90"),
        quality=pl.lit(""), received_at=pl.lit(stamp),
    )  # fmt: skip
    with without_indexes(TABLE):
        # An empty text is NULL in COPY; the column wants a text.
        execute(f"ALTER TABLE {TABLE} ALTER quality SET DEFAULT ''")
        copy_from_frame(frame.drop("quality"), TABLE)
    execute("VACUUM ANALYZE")
    say(f"  {customers:,} customers, {products:,} products, {count:,} purchases")


def buy(customers: list[Any], product: int, now: datetime) -> None:
    """Let customers buy a product just now, so that their lists are overtaken."""
    execute(
        f"INSERT INTO {TABLE} (source, message_id, type, customer_id, product_id, order_id, quantity, amount,"
        " quality, occurred_at, received_at)"
        " SELECT 'now', 'now-' || id, 'purchase', id, %s, 'now-' || id, 1, 9.90, '', %s, %s"
        " FROM customers_customer WHERE external_id = ANY(%s)",
        product, now - timedelta(minutes=5), now + timedelta(seconds=1), customers,
    )  # fmt: skip
