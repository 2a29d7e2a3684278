"""What home's figures cost: `python -m benchmarks.home [--quick]`. Its last line is JSON.

home_figures_ms    180 days in sum, read for home, against the 20 ms that they may take
summed_again       the same from the events in one hand-written statement, in units of the former: what
                   the sums save
days_follow_ms     1,000 changed customers, against the second that beat may take for them
days_build_s       everybody, against five minutes
suggestions_ms     all rules over the whole shop, against the second that they may take

The shop is that of `benchmarks.shop` (200,000 customers, 10 million events); --quick takes a tenth of it.
"""

import argparse
import json
import os
from datetime import timedelta

from benchmarks.measuring import peak_mb, result, seconds
from benchmarks.shop import AS_OF, FULL, QUICK, say, shop  # sets Django up, so it comes first

# isort: split
from django.core.cache import cache
from django.db import connection, transaction

from campaigns.outcomes.daily import orders
from console.home.figures import figures
from console.home.suggestions.services import refresh
from core import clock
from customers.models import Customer
from segments.services import ensure_ready_made, refresh_all

TURNS = 5
_AGAIN = """
WITH orders AS (
    SELECT coalesce(order_id, message_id) AS id, min(customer_id) AS customer_id, min(occurred_at) AS at,
           sum(CASE WHEN type = 'refund' THEN -amount ELSE amount END) AS revenue
      FROM events_event
     WHERE type IN ('purchase', 'refund') AND occurred_at >= %s AND occurred_at < %s
     GROUP BY 1
)
SELECT (at AT TIME ZONE %s)::date, count(*), count(DISTINCT customer_id), sum(revenue) FROM orders GROUP BY 1
"""


def again() -> None:
    """Add 180 days up from the events."""
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, [AS_OF - timedelta(days=180), AS_OF, str(clock.shop_zone())])
        cursor.fetchall()


def measure() -> list[dict]:
    """Return the results; each of the small ones is the best of some turns."""
    built = seconds(lambda: orders.build(now=AS_OF))
    say(f"built in {built:.1f} s")
    some = list(Customer.objects.order_by("external_id").values_list("pk", flat=True)[:1000])

    def follow() -> None:
        with transaction.atomic():
            orders.look_at(some)

    followed = min(seconds(follow) for _ in range(TURNS))
    say(f"1,000 customers in {followed * 1000:.0f} ms")

    def read() -> None:
        cache.clear()
        figures(AS_OF, 90)

    home = min(seconds(read) for _ in range(TURNS))
    summed = min(seconds(again) for _ in range(2))
    say(f"home's figures in {home * 1000:.1f} ms, added up again in {summed * 1000:.0f} ms")
    ensure_ready_made(now=AS_OF)
    refresh_all(as_of=AS_OF, now=AS_OF)
    found = min(seconds(lambda: refresh(as_of=AS_OF, now=AS_OF)) for _ in range(TURNS))
    say(f"suggestions in {found * 1000:.0f} ms")
    return [
        result("home_figures_ms", home * 1000, "ms", 20),
        result("summed_again", summed, "s", home),
        result("days_follow_ms", followed * 1000, "ms", 1000),
        result("days_build_s", built, "s", 300),
        result("suggestions_ms", found * 1000, "ms", 1000),
    ]


def main() -> None:
    """Measure in a copy of the shop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the shop")
    size = QUICK if parser.parse_args().quick else FULL
    with shop(size, name="benchmark_home"):
        results = measure()
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "home", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
