"""Products with their category tree, the price that was really paid, and a name to show.

The data set has no product names; the type and the package stand in for one.
"""

from datetime import datetime
from decimal import Decimal

import polars as pl

from catalog.categories import ensure_categories, withhold
from catalog.services import load_products
from integrations.datasets.complete_journey.files import NAME, Files
from integrations.services import import_run

LEVELS = ("department", "product_category", "product_type")
#: Departments that are not merchandise: what they hold is sold but not advertised.
NOT_MERCHANDISE = (
    "FUEL",
    "MISCELLANEOUS",
    "COUPON",
    "CNTRL/STORE SUP",
    "POSTAL CENTER",
    "PROD-WHS SALES",
)
_CENT = pl.Decimal(14, 2)


def load(files: Files, now: datetime) -> None:
    """Store the products and their categories."""
    with import_run(dataset=NAME, kind="products", source=NAME, now=now) as counts:
        frame = _frame(files)
        counts.rows = frame.height
        counts.accepted, changed = load_products(frame, now)
        counts.duplicates = counts.rows - counts.accepted - changed


def _frame(files: Files) -> pl.DataFrame:
    tidy = files.products.with_columns(
        pl.col(*LEVELS, "package_size").str.replace_all(r"\s+", " ").str.strip_chars().replace("", None)
    )
    ways = tidy.select(LEVELS).unique(maintain_order=True)
    ways = ways.with_columns(_categories(ways))
    return (
        tidy.join(ways, on=LEVELS, how="left", nulls_equal=True)
        .join(files.prices, on="product_id", how="left")
        .select(
            pl.col("product_id").cast(pl.String).alias("sku"),
            _name().alias("name"),
            "category_id",
            "brand",
            _attributes().alias("attributes"),
            pl.col("price").round(2).cast(_CENT).replace(Decimal("0.00"), None).alias("price"),
            pl.col("first_at").alias("known_since"),
        )
    )


def _categories(ways: pl.DataFrame) -> pl.Series:
    """Return the category of each distinct way; levels the data leave out are passed over."""
    names = [tuple(_title(level) for level in row if level) for row in ways.iter_rows()]
    ids = ensure_categories(names)
    withhold(NOT_MERCHANDISE)
    return pl.Series("category_id", [ids[way] for way in names], dtype=pl.Int64)


def _title(text: str) -> str:
    return text.capitalize() if text.isupper() else text


def _name() -> pl.Expr:
    kind = pl.coalesce("product_type", "product_category", "department")
    tidy = kind.str.slice(0, 1).str.to_uppercase() + kind.str.slice(1).str.to_lowercase()
    return pl.concat_str(tidy, pl.col("package_size").str.to_lowercase(), separator=", ", ignore_nulls=True)


def _attributes() -> pl.Expr:
    """Return the columns of the file as JSON text; the codes stay as the file writes them."""
    return pl.struct(
        *LEVELS,
        pl.col("manufacturer_id").cast(pl.String).alias("manufacturer"),
        "package_size",
    ).struct.json_encode()
