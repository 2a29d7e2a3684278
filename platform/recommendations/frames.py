"""What the models learn from: facts and products as frames, under pseudonymous ids."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from core.copy import copy_to_frame
from recommendations.registries import shown_rows
from recommender import columns

#: What somebody bought within so many days after a message showed it was caused by the message in part:
#: it counts so much in training, or else the loop would learn from its own advice.
CAUSED_DAYS = 7
CAUSED_WEIGHT = 0.5
#: So far back what was shown is read.
SHOWN_BACK = timedelta(days=180)

# Purchases of people who allow profiling, of products that may be recommended. Ids are the platform's
# own numbers: no name or address reaches a model.
_PURCHASES_SQL = """
    SELECT event.customer_id AS user_id, event.product_id AS item_id, event.order_id AS basket,
           extract(epoch FROM event.occurred_at) AS timestamp, event.quantity, event.amount
    FROM events_event AS event
    JOIN customers_customer AS customer ON customer.id = event.customer_id AND NOT customer.no_profiling
    JOIN catalog_product AS product ON product.id = event.product_id AND NOT product.is_stub
    LEFT JOIN catalog_category AS category ON category.id = product.category_id
    WHERE event.type = 'purchase' AND event.quantity > 0 AND event.occurred_at < %s
      AND coalesce(category.recommendable, true)
"""

_PRODUCTS_SQL = """
    SELECT product.id AS item_id, product.brand, product.price::float8 AS price,
           leaf.name AS category, middle.name AS section, top.name AS department
    FROM catalog_product AS product
    LEFT JOIN catalog_category AS leaf ON leaf.id = product.category_id
    LEFT JOIN catalog_category AS middle ON middle.id = leaf.parent_id
    LEFT JOIN catalog_category AS top ON top.id = middle.parent_id
    WHERE NOT product.is_stub AND coalesce(leaf.recommendable, true)
"""


def purchases(before: datetime) -> pl.DataFrame:
    """Return the purchases before a moment, one row a line: recommender.columns vocabulary.

    About 2.5 s and 150 MB at peak for 1.4 million lines.
    """
    return copy_to_frame(
        _PURCHASES_SQL,
        [before],
        schema={
            columns.USER: pl.String,
            columns.ITEM: pl.String,
            columns.BASKET: pl.String,
            columns.TIME: pl.Float64,
            columns.QUANTITY: pl.Float64,
            columns.AMOUNT: pl.Float64,
        },
    )


def products() -> pl.DataFrame:
    """Return the products that may be recommended, with the attributes that content models read."""
    return copy_to_frame(_PRODUCTS_SQL, schema={columns.ITEM: pl.String, "price": pl.Float64})


def shown(before: datetime) -> pl.DataFrame:
    """Return what messages and answers showed in half a year: user_id, item_id, timestamp, propensity.

    Nobody who refuses to be profiled is in it. 20,000 messages of six products take 0.6 s.
    """
    return shown_rows(before - SHOWN_BACK, before)


def marked(bought: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return purchases with a weight: half where a message had shown the product up to a week before.

    Without anything shown the frame is returned as it is, and every purchase counts in full.
    """
    if seen.is_empty() or bought.is_empty():
        return bought
    latest = seen.select(columns.USER, columns.ITEM, columns.TIME, shown_at=columns.TIME).sort(columns.TIME)
    return (
        bought.with_row_index("line")
        .sort(columns.TIME)
        .join_asof(
            latest,
            on=columns.TIME,
            by=[columns.USER, columns.ITEM],
            strategy="backward",
            tolerance=CAUSED_DAYS * 86_400.0,
            check_sortedness=False,
        )
        .sort("line")
        .with_columns(
            pl.when(pl.col("shown_at").is_null()).then(1.0).otherwise(CAUSED_WEIGHT).alias(columns.WEIGHT)
        )
        .drop("line", "shown_at")
    )


def round_of(bought: pl.DataFrame, seen: pl.DataFrame, items: pl.DataFrame, since: float) -> dict[str, float]:
    """Return how broad a round of the loop was: what was shown since a moment, over the catalogue.

    `coverage` and `concentration` (Gini) of the products shown, and the share of the purchases since then
    that a message had caused in part. A loop that feeds on itself shows here first.
    """
    lately = seen.filter(pl.col(columns.TIME) >= since)
    if lately.is_empty():
        return {}
    counts = lately.group_by(columns.ITEM).len().sort("len")["len"].to_numpy().astype(float)
    size = max(items.height, len(counts))
    all_counts = np.concatenate([np.zeros(size - len(counts)), counts])
    ranks = 2 * np.arange(1, size + 1) - size - 1
    new = bought.filter(pl.col(columns.TIME) >= since)
    caused = 0.0
    if columns.WEIGHT in new.columns and new.height:
        caused = float((new[columns.WEIGHT] < 1).mean())  # type: ignore[arg-type]
    return {
        "shown": float(counts.sum()),
        "products": float(len(counts)),
        "coverage": len(counts) / size,
        "concentration": float(ranks @ all_counts / (all_counts.sum() * max(size - 1, 1))),
        "caused_share": caused,
    }
