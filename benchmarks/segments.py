"""What audiences cost: `python -m benchmarks.segments [--quick]`. Its last line is JSON.

count_vs_sql             ten rules (each five conditions, two of them about behaviour): counting by the
                         compiled rule against SQL written by hand for the same question; the mean of the
                         ten ratios. Both sides must find the same number
count_vs_sql_worst       the largest of the ten
behavioural_ms           the median preview of those ten: count in all and for each condition, reachable
                         people by channel and the sample
profile_only_ms          the median preview of five rules without behaviour
refresh_100_seconds      100 segments refreshed completely, after a first count that is not measured
incremental_1000_seconds 1,000 changed customers taken from the queue and looked at in those 100 segments
growth                   cost per customer of the ten counts at 200,000 customers against at 50,000

The shop is that of `benchmarks.shop`: 200,000 customers, 10 million events, of 60 in 1,000 orders something
taken back; --quick takes a tenth (and
leaves growth out). Sides take turns; the best turn of each counts.
"""

import argparse
import json
import os
import statistics
import sys
from datetime import timedelta
from typing import Any

from django.db import connection

from benchmarks.measuring import peak_mb, result, seconds
from benchmarks.segment_questions import QUESTIONS, SIMPLE, more_rules
from benchmarks.shop import AS_OF, FULL, QUARTER, QUICK, shop
from core.ids import uuid7
from events import changes
from profiles.building.changed import refresh_changed as refresh_profiles
from segments.compiler import compile_rule
from segments.incremental import CONSUMER, refresh_changed
from segments.models import Segment
from segments.preview import preview
from segments.query import Query, compose
from segments.refresh import refresh_all
from segments.timeouts import statement_timeout

TURNS = 3


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def count(query: Query) -> int:
    """Count the rows of a query, with the settings of a preview for either side."""
    counted = compose("SELECT count(*) FROM ({query}) q", query=query)
    with statement_timeout(60, over_everybody=True), connection.cursor() as cursor:
        cursor.execute(counted.sql, counted.params)
        return int(cursor.fetchone()[0])


def by_rule(rule: dict[str, Any]) -> int:
    """Count by the compiled rule."""
    return count(compile_rule(rule, as_of=AS_OF))


def by_hand(sql: str) -> int:
    """Count by hand-written SQL."""
    return count(compose(sql, as_of=AS_OF))


def best(work: Any) -> float:
    """Return the shortest of a few turns, in seconds."""
    return min(seconds(work) for _ in range(TURNS))


def take_back() -> None:
    """Cancel 20 of 1,000 orders; give back a line of 25 more, and all of 15 more without naming products."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_event (source, message_id, type, occurred_at, received_at, customer_id,"
            " product_id, order_id, amount, quality)"
            " SELECT 'shop', 'back-' || order_id, CASE WHEN lot < 20 THEN 'cancel' ELSE 'refund' END, at, at,"
            " customer_id, CASE WHEN lot BETWEEN 20 AND 44 THEN product_id END, order_id,"
            " CASE WHEN lot >= 45 THEN paid WHEN lot >= 20 THEN line END, ''"
            " FROM (SELECT customer_id, order_id, min(occurred_at) + interval '2 hours' AS at,"
            "       sum(amount) AS paid, (array_agg(product_id ORDER BY id))[1] AS product_id,"
            "       (array_agg(amount ORDER BY id))[1] AS line, abs(hashtext(order_id)) %% 1000 AS lot"
            "       FROM events_event WHERE type = 'purchase' AND occurred_at < %s - interval '2 hours'"
            "       AND abs(hashtext(order_id)) %% 1000 < 60 GROUP BY customer_id, order_id) o",
            [AS_OF],
        )
        cursor.execute("VACUUM (ANALYZE) events_event")


def counting() -> tuple[list[float], list[float]]:
    """Return the seconds of the ten rules and of the ten statements by hand."""
    rules, hands = [], []
    for name, rule, sql in QUESTIONS:
        found, expected = by_rule(rule), by_hand(sql)
        if found != expected:
            raise SystemExit(f"{name}: the rule finds {found}, the SQL {expected}.")
        rules.append(best(lambda rule=rule: by_rule(rule)))
        hands.append(best(lambda sql=sql: by_hand(sql)))
        say(f"  {name}: {found} people, {rules[-1] * 1000:.0f} ms, by hand {hands[-1] * 1000:.0f} ms")
    return rules, hands


def previews() -> tuple[float, float]:
    """Return the median milliseconds of a preview with behaviour, and without."""
    figures = []
    for rules in ([rule for _name, rule, _sql in QUESTIONS], SIMPLE):
        each = [best(lambda rule=rule: preview(rule, as_of=AS_OF)) * 1000 for rule in rules]
        say(f"  previews: {', '.join(f'{ms:.0f}' for ms in each)} ms")
        figures.append(statistics.median(each))
    return figures[0], figures[1]


def refreshes() -> tuple[float, float]:
    """Return the seconds of a complete refresh of 100 segments, and of 1,000 changed customers."""
    Segment.objects.all().delete()
    rules = more_rules(100)
    Segment.objects.bulk_create(
        Segment(slug=f"s{n:02}", name=f"s{n}", rule=rule, created_at=AS_OF) for n, rule in enumerate(rules)
    )
    first = seconds(lambda: refresh_all(as_of=AS_OF, now=AS_OF))
    later = AS_OF + timedelta(hours=1)
    runs: list[Any] = []
    complete = seconds(lambda: runs.extend(refresh_all(as_of=later, now=later)))
    if failed := [run.error for run in runs if run.error]:
        raise SystemExit(failed[0])
    say(f"  first count {first:.1f} s, complete {complete:.1f} s, {sum(r.size or 0 for r in runs)} members,"
        f" {sum(r.entered + r.left for r in runs)} moved")  # fmt: skip
    changed = change(1000, later + timedelta(minutes=1))
    changes.fold(later)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_changedcustomer")
    now = later + timedelta(minutes=2)
    refresh_profiles(as_of=now, now=now)  # segments wait for them
    looked_at = 0

    def look() -> None:
        nonlocal looked_at
        looked_at = refresh_changed(as_of=now, now=now)

    incremental = seconds(look)
    if looked_at != changed:
        raise SystemExit(f"{looked_at} customers were looked at, not {changed}.")
    return complete, incremental


def change(customers: int, at: Any) -> int:
    """Let customers buy something, and note it; what the refreshes noted before is dropped."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_changenote")
        cursor.execute("DELETE FROM events_changedcustomer")
        cursor.execute(
            "INSERT INTO events_event (source, message_id, type, occurred_at, received_at, customer_id,"
            " product_id, order_id, quantity, amount, quality)"
            " SELECT 'till', %s || c.id, 'purchase', %s, %s, c.id, 1 + c.id %% 1000, 'o' || c.id, 1, 25, ''"
            " FROM customers_customer c ORDER BY hashint8(c.id) LIMIT %s RETURNING customer_id",
            [str(uuid7()), at, at, customers],
        )
        ids = [customer for (customer,) in cursor.fetchall()]
    changes.note(ids, at)
    return len(ids)


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return all results."""
    with shop(QUICK if quick else FULL) as size:
        take_back()
        rules, hands = counting()
        behavioural, simple = previews()
        complete, incremental = refreshes()
    ratios = [rule / hand for rule, hand in zip(rules, hands, strict=True)]
    results = [
        result("count_vs_sql", statistics.mean(ratios), "ratio", 1.3),
        result("count_vs_sql_worst", max(ratios), "ratio", 1.3),
        result("behavioural_ms", behavioural, "ms", 800, 0),
        result("profile_only_ms", simple, "ms", 150, 0),
        result("refresh_100_seconds", complete, "s", 120, 1),
        result("incremental_1000_seconds", incremental, "s", 5, 2),
    ]
    if not quick:
        with shop(QUARTER) as quarter:
            take_back()
            smaller, _hands = counting()
        grown = (sum(rules) / size.customers) / (sum(smaller) / quarter.customers)
        results.append(result("growth", grown, "ratio", 1.3))
    return results


def main() -> None:
    """Measure on copies of the kept shops."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the customers")
    quick = parser.parse_args().quick
    changes.consumers.get(CONSUMER)
    results = measure(quick)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "segments", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
