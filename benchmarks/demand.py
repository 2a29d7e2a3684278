"""How good forecasts of demand are: `python -m benchmarks.demand [--quick]`. Its last line is JSON.

demand_wape_vs_naive   weighted absolute percentage error of four-week forecasts against seasonal naive's
                       on Complete Journey: the mean over cuts (`--quick`: the last one); the paired 95 %
                       interval over products of each cut is in `cuts`
demand_coverage        share of products whose sales lay within low and high, which are made for 0.9
demand_seconds         processor seconds of one forecast of all products

Rows from 2017-12-04 on are never looked at.
"""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import polars as pl

from benchmarks.measuring import peak_mb, result
from recommender.columns import TIME
from recommender.dataset import DAY
from recommender.demand import HORIZON, Sales, backtest
from recommender.reading import moment
from recommender.validation import cj28

CUTS = ("2017-11-06", "2017-10-09", "2017-09-11", "2017-08-14")


def main() -> None:
    """Measure at every cut and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the last cut alone")
    options = parser.parse_args()
    purchases, items = cj28.load()
    purchases = purchases.with_columns(pl.col(TIME).dt.epoch("ms") / 1000)
    categories = dict(items.select("item_id", pl.col("product_category").fill_null("")).iter_rows())
    found, spent = [], []
    for cut in CUTS[: 1 if options.quick else None]:
        sales = Sales.from_frame(purchases, moment(cut) + HORIZON * DAY, categories)
        start = time.process_time()
        quality = backtest(sales, resamples=1000)
        spent.append(time.process_time() - start)
        if quality is None:
            raise SystemExit(f"{cut}: nothing was sold")
        found.append({"cut": cut, **asdict(quality)})
        print(
            f"{cut}: WAPE {quality.wape:.4f}, naive {quality.naive:.4f}, ratio {quality.ratio:.4f}"
            f" ({quality.interval[0]:.4f} to {quality.interval[1]:.4f}), within the range"
            f" {quality.coverage:.3f}, bias {quality.bias:+.3f}, {spent[-1]:.1f} s of processor time",
            file=sys.stderr,
        )
    ratio = statistics.mean(one["ratio"] for one in found)
    worst = max(one["interval"][1] for one in found)
    results = [
        {**result("demand_wape_vs_naive", ratio, "ratio", 1.0), "interval_to": round(worst, 4)},
        result("demand_coverage", statistics.mean(one["coverage"] for one in found), "share", 0.9),
        result("demand_seconds", statistics.mean(spent), "s", 60),
    ]
    print(
        json.dumps(
            {
                "name": "demand",
                "cores": len(os.sched_getaffinity(0)),
                "peak_mb": round(peak_mb()),
                "results": results,
                "cuts": found,
            }
        )
    )


if __name__ == "__main__":
    main()
