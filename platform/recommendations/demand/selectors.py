"""What may be read of demand: a product's forecast with its stock, and the lists of what to act on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from recommendations.demand.supply import HORIZON, supply_bounds, supply_sql
from recommendations.models import DemandRun, Supply

#: A forecast is of use for so long; then it is about weeks that are over.
FRESH = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Line:
    """A product's demand in four weeks beside its stock."""

    product_id: int
    sku: str
    name: str
    stock: int | None
    as_of: datetime
    expected: float
    low: float
    middle: float
    high: float
    sold: float
    supply: str

    @property
    def cover(self) -> float | None:
        """Return how many days the stock is expected to last; None without a stock or an end."""
        return self._days(self.expected)

    @property
    def days(self) -> int:
        """Return cover in whole days, to be said."""
        return round(self.cover or 0)

    @property
    def cover_least(self) -> float | None:
        """Return how many days it lasts at the most that is likely to be sold."""
        return self._days(self.high)

    @property
    def cover_most(self) -> float | None:
        """Return how many days it lasts at the least; None where it may never end."""
        return self._days(self.low)

    @property
    def never_ends(self) -> bool:
        """Say whether there is stock and nothing is expected to be sold."""
        return bool(self.stock) and not self.expected

    def _days(self, units: float) -> float | None:
        if self.stock is None or units <= 0:
            return None
        return max(self.stock, 0) / units * HORIZON


_COLUMNS = f"""
SELECT product.id, product.sku, product.name, product.stock, demand.as_of, demand.expected, demand.low,
       demand.middle, demand.high, demand.sold, {supply_sql()} AS supply
  FROM catalog_product AS product
  JOIN recommendations_demandforecast AS demand ON demand.product_id = product.id
"""  # noqa: S608 (constants)
_OFFERED = " WHERE product.active AND NOT product.is_stub"
#: What is most urgent first: what lacks most of what it will sell; what lies there beyond all that is likely.
_ORDER = {
    Supply.LOW.value: "expected - stock DESC",
    Supply.OVER.value: "stock - high DESC",
    "": "expected DESC",
}


def lines(supply: str = "", *, limit: int, offset: int = 0, words: str = "") -> list[Line]:
    """Return products with their forecasts: low on stock, overstocked, or all; the most urgent first.

    One query over all forecasts: 50,000 take about 60 ms. `words` keeps what begins with them, by name or
    sku.
    """
    where, parameters = _where(words)
    asked = " WHERE supply = %s" if supply else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({_COLUMNS} {_OFFERED}{where}) AS line{asked}"  # noqa: S608 (constants)
            f" ORDER BY {_ORDER[supply]}, id LIMIT %s OFFSET %s",
            [*supply_bounds(), *parameters, *([supply] if supply else []), limit, offset],
        )
        return [Line(*row) for row in cursor.fetchall()]


def of_product(product_id: int) -> Line | None:
    """Return a product's forecast, or None where there is none. One query by key."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_COLUMNS} WHERE product.id = %s", [*supply_bounds(), product_id])
        row = cursor.fetchone()
    return Line(*row) if row else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many products are offered, how many of them tell their stock, and how that stands."""

    products: int
    stocked: int
    forecast: int
    low: int
    over: int

    def of(self, supply: str) -> int:
        """Return how many lines a list has."""
        return {Supply.LOW.value: self.low, Supply.OVER.value: self.over}.get(supply, self.forecast)


def counts() -> Counts:
    """Count all offered products by how their stock stands. One query; 100,000 products take about 80 ms."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(stock), count(product_id),"  # noqa: S608 (constants)
            " count(*) FILTER (WHERE supply = 'low'),"
            " count(*) FILTER (WHERE supply = 'over') FROM ("
            f" SELECT product.stock, demand.product_id, {supply_sql()} AS supply"
            " FROM catalog_product AS product"
            " LEFT JOIN recommendations_demandforecast AS demand ON demand.product_id = product.id"
            f" {_OFFERED}) AS line",
            supply_bounds(),
        )
        return Counts(*cursor.fetchone())


def runs(limit: int = 60) -> list[DemandRun]:
    """Return the last forecasts of all products, newest first. One query."""
    return list(DemandRun.objects.order_by("-created_at")[:limit])


def _where(words: str) -> tuple[str, list[Any]]:
    words = words.replace("\0", "").strip()
    if not words:
        return "", []
    start = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return " AND (product.sku LIKE %s OR lower(product.name) LIKE lower(%s))", [start, start]
