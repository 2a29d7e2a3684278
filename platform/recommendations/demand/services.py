"""Forecast the demand for every product."""

from dataclasses import asdict
from datetime import datetime, timedelta

import polars as pl
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.jobs import Progress, silent
from catalog.models import Product
from core.copy import copy_from_frame
from recommendations.demand.facts import categories, sales_before
from recommendations.models import DemandForecast, DemandRun
from recommender.demand import HORIZON, Forecast, Sales, backtest, forecast
from recommender.errors import DataError

#: Runs whose figures are kept, for the plot of how good forecasts were.
RUNS_KEPT = 400

# What is in stock and nobody bought within two years: none is expected. What is new is left unknown.
_UNSOLD_SQL = """
INSERT INTO recommendations_demandforecast (product_id, as_of, expected, low, middle, high, sold)
SELECT product.id, %s, 0, 0, 0, 0, 0 FROM catalog_product AS product
  LEFT JOIN catalog_category AS category ON category.id = product.category_id
 WHERE product.active AND NOT product.is_stub AND product.stock > 0 AND product.created_at < %s
   AND coalesce(category.recommendable, true)
ON CONFLICT DO NOTHING
"""
NEW = timedelta(days=56)


class TooLittleHistoryError(ValueError):
    """Sales do not go back far enough to say anything about four weeks; the text says what to do."""


def forecast_demand(
    *, as_of: datetime, now: datetime, judged: bool = True, progress: Progress = silent
) -> DemandRun:
    """Forecast the next four weeks of every product, and say how good that would have been four weeks ago.

    Unless `judged` is false: finding that out takes as long as the forecast.

    Forecasts of before are replaced in one transaction; read meanwhile, they are the old ones. Complete
    Journey (1.4 million purchases): about 80 s of one core and 0.9 GB, most of it learning twice. Raises
    TooLittleHistoryError.
    """
    progress(0, 4, gettext_noop("Adding up sales"))
    frame = sales_before(as_of)
    try:
        sales = Sales.from_frame(frame, as_of.timestamp(), categories())
        progress(1, 4, gettext_noop("Forecasting"))
        said = forecast(sales)
    except DataError:
        raise TooLittleHistoryError(
            _("Sales go back less than four weeks. Import orders, or wait until there are some.")
        ) from None
    progress(2, 4, gettext_noop("Forecasting the last four weeks from before them"))
    quality = backtest(sales) if judged else None
    progress(3, 4, gettext_noop("Storing"))
    with transaction.atomic():
        DemandForecast.objects.all().delete()
        written = copy_from_frame(_rows(said, sales, as_of), DemandForecast._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(_UNSOLD_SQL, [as_of, as_of - NEW])
            written += cursor.rowcount
        run = DemandRun.objects.create(
            as_of=as_of,
            created_at=now,
            method=said.method,
            products=written,
            quality=asdict(quality) if quality else {},
        )
        kept = DemandRun.objects.order_by("-created_at").values_list("pk", flat=True)[:RUNS_KEPT]
        DemandRun.objects.exclude(pk__in=list(kept)).delete()
    progress(4, 4, gettext_noop("Done"))
    return run


def _rows(said: Forecast, sales: Sales, as_of: datetime) -> pl.DataFrame:
    """Return the forecasts of products that are still there, as COPY takes them."""
    there = set(Product.objects.values_list("pk", flat=True))
    frame = pl.DataFrame(
        {
            "product_id": [int(item) for item in said.products],
            "as_of": [as_of.isoformat()] * len(said.products),
            "expected": said.expected.round(3),
            "low": said.low,
            "middle": said.middle,
            "high": said.high,
            "sold": sales.between(sales.end - HORIZON, sales.end),
        }
    )
    return frame.filter(pl.col("product_id").is_in(list(there)))
