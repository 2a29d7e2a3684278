"""What the events API takes, over HTTP: `python -m benchmarks.ingest [--quick]`. Its last line is JSON.

http_batch_vs_copy           events a second in batches of 1,000 from 4 client processes through the web
                             server as `manage.py up` runs it, against a bare COPY of as many rows in as
                             many transactions from 4 processes into an equal table with its indexes
http_batch_events_per_second the same figure by itself, against 8,000
http_batch_p99_ms            the slowest hundredth of those calls, against 1,000
single_events_per_second     calls of one event each from 4 client processes, against 300
growth                       cost of an event when 10 M are stored against when 1 M are, measured like the
                             first figure beside COPY into a table that is empty both times
random_ids_vs_copy           the first figure with message ids that are not in order of time (UUIDv4): each
                             touches another page of the keys' index
timeline_ms                  the newest 50 events of one customer among the 10 M (middle of 200 customers,
                             300 events each over two years), against 20

Clients, web server and PostgreSQL share the machine. COPY and HTTP take turns; the best turn of each
counts. Events are of 40,000 known customers and 10,000 products, their ids in order of time (UUIDv7;
order numbers are alike), a third with money and all with properties; about 300 bytes each. `cpu_ms` on
stderr is what 1,000 events cost of processor time, by process; the timeline's plan follows it. --quick
stores a tenth.
"""

import argparse
import json
import os
import resource
import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.ingest.server import web_server
from benchmarks.ingest.shop import Shop
from benchmarks.ingest.storage import DATABASE, choose_people, execute, fill, make_bare_table, say
from benchmarks.ingest.turns import Bench
from benchmarks.measuring import result
from core import clock
from events.selectors import timeline


def timeline_ms(shop: Shop, people: int) -> float:
    """Return the middle time of reading a customer's newest 50 events."""
    taken = []
    ids = sorted(a.customer_id for a in shop.actors.values() if a.customer_id)[:people]
    for pk in ids:
        start = time.perf_counter()
        found = timeline(pk, as_of=shop.now + timedelta(days=1), limit=50)
        taken.append(time.perf_counter() - start)
        if len(found) != 50:
            raise SystemExit(f"Customer {pk} has {len(found)} events.")
    with CaptureQueriesContext(connection) as captured:
        timeline(ids[-1], as_of=shop.now + timedelta(days=1), limit=50)
    for query in captured.captured_queries:
        say("\n".join(line for (line,) in execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"])))
    return 1000 * statistics.median(taken)


def measure(small: int, large: int, count: int) -> list[dict[str, Any]]:
    """Return all results, with `small` and then `large` events stored before."""
    now = clock.now()
    shop = Shop(now)
    make_bare_table(now)
    people = choose_people(large)
    fill(0, small, people, now)
    with web_server() as (address, pid):
        bench = Bench(shop, address, pid)
        copy_small, http_small, calls = bench.turns(count)
        copy_random, http_random, _ = bench.turns(count, random_ids=True)
        single = bench.single(50 * count // 4)
    fill(small, large, people, now)
    with web_server() as (address, pid):
        copy_large, http_large, _ = Bench(shop, address, pid).turns(count)
    read = timeline_ms(shop, 200)
    # COPY goes to an empty table both times: it tells how fast the machine was in each half.
    growth = (http_large / copy_large) / (http_small / copy_small)
    p99 = 1000 * statistics.quantiles(calls, n=100)[98]
    return [
        result("http_batch_vs_copy", 1000 / http_small, "events/s", 1000 / copy_small),
        result("http_batch_events_per_second", 1000 / http_small, "events/s", 8000),
        result("http_batch_p99_ms", p99, "ms", 1000),
        result("random_ids_vs_copy", 1000 / http_random, "events/s", 1000 / copy_random),
        result("single_events_per_second", single, "events/s", 300),
        result("growth", growth, "", 1.3),
        result("timeline_ms", read, "ms", 20),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the events")
    quick = parser.parse_args().quick
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = DATABASE
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        small, large = (100_000, 1_000_000) if quick else (1_000_000, 10_000_000)
        results = measure(small, large, count=8 if quick else 25)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": "ingest", "cores": cores, "peak_mb": round(peak), "results": results}))


if __name__ == "__main__":
    main()
