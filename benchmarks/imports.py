"""How much exact de-duplication costs: `python -m benchmarks.imports [--quick]`. Its last line is JSON.

import_vs_copy       seconds of a bare COPY of the data set's events into an identical partitioned table
                     with its indexes, divided by the seconds of our import of the same events
again_vs_first       seconds of importing them a second time, divided by the first time
import_rows          events a second of our import, against the bare COPY's
customers_200k_seconds  seconds that the real import job takes for a CSV of 200,000 new customers with
                     e-mail, phone, birthday, consent and two attributes of their own (with --quick
                     20,000), against a limit of 60 (6)
customers_peak_mb    peak memory of the process that runs the job, against a limit of 512
ingest_events        events a second of events.services.ingest in batches of 1,000 (one process),
                     against a bare COPY of as many rows in the same batches

The import job runs in a process of its own. `peak_mb` is of this process, which holds all events at
once; the command imports them in blocks.
The two sides of a ratio take turns, so that a slow moment of the machine meets both; the best turn of
each counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

import polars as pl  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from accounts import jobs  # noqa: E402
from benchmarks.measuring import peak_mb, result  # noqa: E402
from core import clock  # noqa: E402
from core.copy import copy_from_frame  # noqa: E402
from core.partitions import ensure_partitions, months_between  # noqa: E402
from events.services import ingest  # noqa: E402
from events.store import KEYS, TABLE, append, ensure_months  # noqa: E402
from integrations import dispatch, services  # noqa: E402
from integrations.datasets.complete_journey import customers, history, products  # noqa: E402
from integrations.datasets.complete_journey.files import Files  # noqa: E402

BARE = "benchmark_event"
BATCH = 1000


def execute(sql: str) -> None:
    """Run one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def seconds(work: Callable[[], Any]) -> float:
    """Return how long the work takes, after PostgreSQL has written down what came before."""
    execute("CHECKPOINT")
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def facts_of(households: int | None) -> pl.DataFrame:
    """Store the slice's customers and products and return its purchases, ready to be stored."""
    now = clock.now()
    files = Files(households)
    customers.load(files, now)
    products.load(files, now)
    return history.purchases(files, history.Links.read(files, now), now)


def make_bare_table(moments: pl.Series) -> None:
    """Create a table like the events', with the same partitions, indexes and sequence."""
    execute(f"CREATE TABLE {BARE} (LIKE {TABLE} INCLUDING ALL) PARTITION BY RANGE (occurred_at)")
    ensure_partitions(BARE, months_between(moments.min(), moments.max()))  # type: ignore[arg-type]


def empty(*tables: str) -> None:
    """Empty tables."""
    execute(f"TRUNCATE {', '.join(tables)}")


def bare(facts: pl.DataFrame) -> None:
    """COPY the facts in one transaction and do nothing else."""
    with transaction.atomic():
        copy_from_frame(facts, BARE)


def imported(facts: pl.DataFrame, accepted: int) -> None:
    """Import the facts and make sure that as many as expected were new."""
    stored = append(facts)
    if stored.accepted != accepted:
        raise SystemExit(f"{stored.accepted} events were new instead of {accepted}.")


def compare_imports(facts: pl.DataFrame, turns: int) -> list[dict[str, Any]]:
    """Measure importing against copying, new and again."""
    copies, imports = [], []
    for _ in range(turns):
        empty(BARE)
        copies.append(seconds(lambda: bare(facts)))
        empty(TABLE, KEYS)
        imports.append(seconds(lambda: imported(facts, facts.height)))
    again = seconds(lambda: imported(facts, 0))
    copy, ours = min(copies), min(imports)
    return [
        {
            "key": "import_vs_copy",
            "figure": round(ours, 2),
            "unit": "s",
            "limit": round(copy, 2),
            "ratio": round(copy / ours, 3),
        },
        result("again_vs_first", again, "s", ours),
        result("import_rows", facts.height / ours, "events/s", facts.height / copy),
    ]


def compare_ingest(facts: pl.DataFrame, batches: int) -> dict[str, Any]:
    """Measure events from outside against copying as many rows in as many transactions."""
    now = clock.now()
    rows = facts.head(batches * BATCH)
    sent = [
        {
            "message_id": f"bench-{r['message_id']}",
            "type": "purchase",
            "source": "benchmark",
            "occurred_at": r["occurred_at"].isoformat(),
            "customer": str(r["customer_id"]),
            "sku": str(r["product_id"]),
            "order_id": r["order_id"],
            "quantity": r["quantity"],
            "amount": {"amount": str(r["amount"]), "currency": "USD"},
            "properties": json.loads(r["properties"]),
        }
        for r in rows.iter_rows(named=True)
    ]
    ensure_months(rows["occurred_at"])
    empty(BARE)

    def copies() -> None:
        for block in rows.iter_slices(BATCH):
            bare(block)

    def ingests() -> None:
        for start in range(0, len(sent), BATCH):
            taken = ingest(sent[start : start + BATCH], now=now)
            if taken.accepted != BATCH:
                raise SystemExit(f"A batch was not taken: {taken}")

    return result("ingest_events", len(sent) / seconds(ingests), "events/s", len(sent) / seconds(copies))


def write_people(path: Path, count: int) -> None:
    """Write a CSV of customers as shops export them."""
    with path.open("w", encoding="utf-8") as file:
        file.write("Customer ID,First Name,Last Name,Email,Phone,Country,Birthday,Language,Customer since,"
                   "Accepts Marketing,attributes.city,attributes.tier\n")  # fmt: skip
        for n in range(count):
            day = f"{1 + n % 12:02d}-{1 + n % 28:02d}"
            file.write(
                f"b{n},Fïrst{n % 1000},Last{n},person{n}@mail{n % 50}.example,+1202{n:07d},US,"
                f"19{50 + n % 50}-{day},en,2024-{day}T10:00:00Z,{'yes' if n % 3 else 'no'},C{n % 300},"
                f"{n % 5}\n"
            )


def compare_customers(count: int) -> list[dict[str, Any]]:
    """Measure the import job over a file of new customers, in a process of its own."""
    empty(BARE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write_people(path, count)
        command = [sys.executable, "-m", "benchmarks.imports", "--customers", str(path), folder,
                   connection.settings_dict["NAME"]]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    if (told["accepted"], told["rejected"]) != (count, 0):
        raise SystemExit(f"Not all customers were taken: {told}")
    return [
        result("customers_200k_seconds", told["seconds"], "s", 60 * count / 200_000),
        result("customers_peak_mb", told["peak_mb"], "MB", 512),
    ]


def import_people(path: str, folder: str, database: str) -> None:
    """Upload and import a file as the worker does, and print how long the job took and its memory."""
    connection.settings_dict["NAME"] = database
    settings.IMPORT_FILES = folder
    now, who = clock.now(), services.Who()
    with Path(path).open("rb") as file:
        run = services.upload(file, name="people.csv", kind="customers", source="bench", now=now, who=who)
    services.map_columns(run, mapping=run.mapping, options=run.options, now=now)
    start = time.perf_counter()
    while run.state not in ("done", "failed"):
        if run.state == "uploaded":
            dispatch.start(run, "run", now=now, who=who)
        jobs.run(run.job)
        run.refresh_from_db()
    told = {"seconds": time.perf_counter() - start, "accepted": run.accepted, "rejected": run.rejected}
    print(json.dumps({**told, "error": run.error, "peak_mb": peak_mb()}))


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return all results: on the whole data set, or with `quick` on a sixth of the households."""
    facts = facts_of(400 if quick else None)
    make_bare_table(facts["occurred_at"])
    results = compare_imports(facts, turns=2)
    results.append(compare_ingest(facts, batches=5 if quick else 30))
    results += compare_customers(20_000 if quick else 200_000)
    return results


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a sixth of the households")
    parser.add_argument("--customers", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.customers:
        import_people(*chosen.customers)
        return
    quick = chosen.quick
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_imports"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(quick)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "imports", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
