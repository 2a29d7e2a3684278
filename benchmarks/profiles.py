"""What profiles cost on a shop of 200,000 customers: `python -m benchmarks.profiles [--quick]`.

Its last line is JSON. The shop is that of benchmarks.shop, made once and copied for each run.

full_vs_sql               seconds of building all profiles by those of hand-written SQL that makes the same
                          aggregates in one statement, with the ranks and without anything else
full_seconds              all profiles, most exist already, as every night
incremental_1000_seconds  1,000 customers whose facts changed, with everybody's ranks
growth                    cost a customer at full size by that at a quarter of it
peak_growth               peak memory of this process likewise, personas included
cluster_seconds           finding the personas among all of them

The sides of a ratio take turns; the best turn of each counts.
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import shop as shops
from benchmarks.measuring import peak_mb, result, seconds

from django.conf import settings  # isort: skip  # after the shop set Django up
from django.db import connection, transaction

from profiles.building import changed, running
from profiles.services import build_profiles, cluster_customers

TURNS = 2
NOW = shops.AS_OF + timedelta(days=1)
PEER = """
CREATE TABLE peer AS
WITH line AS (
    SELECT e.*, coalesce(e.order_id, e.occurred_at::text) AS order_key
    FROM events_event e JOIN customers_customer c ON c.id = e.customer_id AND NOT c.no_profiling
    WHERE e.type = 'purchase' AND e.occurred_at < %(as_of)s AND e.quality <> 'no_quantity'
      AND NOT EXISTS (
          SELECT FROM events_event x
          WHERE x.type = 'cancel' AND x.customer_id = e.customer_id AND x.order_id = e.order_id
            AND x.occurred_at < %(as_of)s AND (x.product_id IS NULL OR x.product_id = e.product_id)
      )
), ordered AS (
    SELECT o.*, day.holiday <> '' AS holiday, day.sale <> '' AS sale,
        extract(hour FROM local) AS hour, extract(isodow FROM local) AS weekday,
        lag(at) OVER w AS previous, first_value(at) OVER w AS first, row_number() OVER w AS number
    FROM (
        SELECT customer_id, order_key, min(occurred_at) AS at,
            min(occurred_at) AT TIME ZONE %(zone)s AS local, sum(amount) AS amount,
            sum(greatest(discount, 0)) AS discount, sum(quantity) AS units, count(*) AS lines,
            count(*) FILTER (WHERE discount > 0) AS discounted,
            min(coalesce(properties ->> 'channel', source)) AS channel
        FROM line GROUP BY 1, 2
    ) o
    LEFT JOIN profiles_calendarday day ON day.day = o.local::date
    WINDOW w AS (PARTITION BY customer_id ORDER BY at, order_key)
), bought AS (
    SELECT customer_id, min(at) AS first_at, max(at) AS last_at, count(*) AS orders,
        count(*) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS orders_90d,
        sum(units) AS units, sum(amount) AS amount,
        sum(amount) FILTER (WHERE at >= %(as_of)s - interval '90 days') AS amount_90d,
        sum(amount) FILTER (WHERE sale OR discount > 0.4 * (amount + discount)) AS sales,
        sum(amount) FILTER (WHERE holiday) AS holidays, sum(discount) AS discount, sum(lines) AS lines,
        sum(discounted) AS discounted, avg((weekday >= 6)::int) AS weekend,
        mode() WITHIN GROUP (ORDER BY hour) AS hour, mode() WITHIN GROUP (ORDER BY weekday) AS weekday,
        mode() WITHIN GROUP (ORDER BY channel) AS channel,
        bool_or(number > 3 AND at >= %(as_of)s - interval '60 days' AND at - previous > 4 * greatest(
            interval '7 days', (previous - first) / greatest(number - 2, 1))) AS returned
    FROM ordered GROUP BY 1
), spend AS (
    SELECT l.customer_id, l.product_id, sum(greatest(coalesce(l.amount, 0)::float8, 0)
        * power(0.5, date_part('epoch', %(as_of)s - l.occurred_at) / 86400 / 90)) AS spend
    FROM line l WHERE l.product_id IS NOT NULL GROUP BY 1, 2
), placed AS (
    SELECT s.customer_id, root.id AS root_id, root.path, nullif(p.brand, '') AS brand, s.spend
    FROM spend s JOIN catalog_product p ON p.id = s.product_id
    LEFT JOIN catalog_category c ON c.id = p.category_id
    LEFT JOIN catalog_category root ON root.path = split_part(c.path, '/', 1)
), category AS (
    SELECT customer_id, (array_agg(root_id ORDER BY spend DESC, path))[1] AS top,
        jsonb_object_agg(path, round(10000 * spend / nullif(whole, 0))::int * 0.0001) AS affinity
    FROM (
        SELECT customer_id, root_id, path, sum(spend) AS spend,
            sum(sum(spend)) OVER (PARTITION BY customer_id) AS whole
        FROM placed WHERE root_id IS NOT NULL GROUP BY 1, 2, 3
    ) c GROUP BY 1
), brand AS (
    SELECT customer_id,
        jsonb_object_agg(brand, round(10000 * spend / nullif(whole, 0))::int * 0.0001) AS affinity
    FROM (
        SELECT customer_id, brand, sum(spend) AS spend,
            sum(sum(spend)) OVER (PARTITION BY customer_id) AS whole,
            row_number() OVER (PARTITION BY customer_id ORDER BY sum(spend) DESC, brand) AS place
        FROM placed WHERE brand IS NOT NULL GROUP BY 1, 2
    ) b WHERE place <= 20 GROUP BY 1
), part AS (
    SELECT customer_id,
        jsonb_object_agg(part, round(10000 * weight / nullif(whole, 0))::int * 0.0001) AS affinity
    FROM (
        SELECT customer_id, part, sum(weight) AS weight,
            sum(sum(weight)) OVER (PARTITION BY customer_id) AS whole
        FROM (
            SELECT customer_id, width_bucket(hour, 0, 24, 4) AS part,
                power(0.5, date_part('epoch', %(as_of)s - at) / 86400 / 90) AS weight
            FROM ordered
        ) o GROUP BY 1, 2
    ) p GROUP BY 1
), refund AS (
    SELECT customer_id, sum(abs(amount)) AS amount FROM events_event
    WHERE type = 'refund' AND occurred_at < %(as_of)s GROUP BY 1
), searched AS (
    SELECT customer_id, jsonb_agg(jsonb_build_object('term', term, 'count', n) ORDER BY n DESC, term) AS terms
    FROM (
        SELECT customer_id, lower(btrim(properties ->> 'search')) AS term, count(*) AS n,
            row_number() OVER (PARTITION BY customer_id
                ORDER BY count(*) DESC, lower(btrim(properties ->> 'search'))) AS place
        FROM events_event WHERE type = 'search' AND occurred_at < %(as_of)s GROUP BY 1, 2
    ) t WHERE place <= 10 AND term <> '' GROUP BY 1
)
SELECT c.id, b.*, r.amount AS refunds, k.top, k.affinity AS categories, a.affinity AS brands,
    d.affinity AS parts, s.terms, p.products,
    ntile(5) OVER (ORDER BY b.last_at) AS r, ntile(5) OVER (ORDER BY b.orders) AS f,
    ntile(5) OVER (ORDER BY coalesce(b.amount, 0) - coalesce(r.amount, 0)) AS m
FROM customers_customer c
LEFT JOIN bought b ON b.customer_id = c.id
LEFT JOIN category k ON k.customer_id = c.id
LEFT JOIN brand a ON a.customer_id = c.id
LEFT JOIN part d ON d.customer_id = c.id
LEFT JOIN refund r ON r.customer_id = c.id
LEFT JOIN searched s ON s.customer_id = c.id
LEFT JOIN (SELECT customer_id, count(*) AS products FROM spend GROUP BY 1) p ON p.customer_id = c.id
WHERE NOT c.no_profiling
"""


def by_hand() -> None:
    """Run the hand-written statement with the same memory as ours."""
    with transaction.atomic(), connection.cursor() as cursor:
        running.settle()
        cursor.execute("SET LOCAL enable_indexscan = off")  # its plan is slower with it, as ours is
        cursor.execute("DROP TABLE IF EXISTS peer")
        cursor.execute(PEER, running.parameters(shops.AS_OF, NOW))


def full() -> None:
    """Build all profiles."""
    build_profiles(as_of=shops.AS_OF, now=NOW)


def prepare() -> list[int]:
    """Let people search for something, which the kept shops do not say; return 1,000 customers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_event SET properties = jsonb_build_object('search', 'term ' || id % 300)"
            " WHERE type = 'search'"
        )
        cursor.execute("SELECT id FROM customers_customer ORDER BY md5(id::text) LIMIT 1000")
        chosen = [row[0] for row in cursor.fetchall()]
        cursor.execute("VACUUM (ANALYZE) events_event")
    return chosen


def measure(size: shops.Size) -> dict[str, float]:
    """Return what this size costs."""
    with shops.shop(size, name="benchmark_profiles"), TemporaryDirectory() as folder:
        settings.ARTIFACTS = Path(folder)
        chosen = prepare()
        sides: dict[str, list[float]] = {"full": [], "sql": [], "incremental": []}
        for _turn in range(TURNS):
            sides["sql"].append(seconds(by_hand))
            sides["full"].append(seconds(full))
            shops.say(f"  by hand {sides['sql'][-1]:.1f} s, profiles {sides['full'][-1]:.1f} s")
        for _turn in range(3):
            sides["incremental"].append(
                seconds(lambda: changed.build_customers(chosen, as_of=shops.AS_OF, now=NOW))
            )
        clusters = seconds(lambda: cluster_customers(as_of=shops.AS_OF, now=NOW))
        best = {name: min(taken) for name, taken in sides.items()}
        return best | {"clusters": clusters, "peak": peak_mb()}


def apart(size: shops.Size) -> dict[str, float]:
    """Measure a size in a process of its own, whose memory is nobody else's."""
    call = [sys.executable, "-m", "benchmarks.profiles", "--size", json.dumps(size)]
    told = subprocess.run(call, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def results(large: shops.Size, small: shops.Size) -> list[dict[str, Any]]:
    """Compare two sizes and the sides within the larger."""
    few, many = apart(small), apart(large)
    each = [found["full"] / size.customers for found, size in ((many, large), (few, small))]
    return [
        result("full_vs_sql", many["full"], "s", many["sql"]),
        result("full_seconds", many["full"], "s", 180),
        result("incremental_1000_seconds", many["incremental"], "s", 5),
        result("growth", each[0] / each[1], "", 1.3),
        result("peak_growth", many["peak"] / few["peak"], "", 1.2),
        result("cluster_seconds", many["clusters"], "s", 180),
    ]


def main() -> None:
    """Measure both sizes, or with --size one of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="20,000 customers against 5,000")
    parser.add_argument("--size", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.size:
        sys.stdout.write(json.dumps(measure(shops.Size(*json.loads(options.size)))) + "\n")
        return
    sizes = (shops.QUICK, shops.Size(5_000, 250_000, 5_000)) if options.quick else (shops.FULL, shops.QUARTER)
    found = results(*sizes)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "profiles", "cores": cores, "peak_mb": round(peak_mb()), "results": found}))


if __name__ == "__main__":
    main()
