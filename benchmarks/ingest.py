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
stderr is what 1,000 events cost of processor time, by process. --quick stores a tenth.
"""

import argparse
import io
import json
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

import orjson  # noqa: E402
import polars as pl  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from accounts.keys import create_key  # noqa: E402
from accounts.models import Scope  # noqa: E402
from benchmarks.clients import write_blocks  # noqa: E402
from benchmarks.measuring import result  # noqa: E402
from catalog.services import ensure_products  # noqa: E402
from config.embedded.places import ROOT as HERE  # noqa: E402
from config.supervisor import processes  # noqa: E402
from core import clock  # noqa: E402
from core.ids import uuid7  # noqa: E402
from core.partitions import ensure_partitions, months_between  # noqa: E402
from customers.identity import ensure_actors  # noqa: E402
from events.models import Event  # noqa: E402
from events.selectors import timeline  # noqa: E402
from events.store import TABLE  # noqa: E402

DATABASE = "benchmark_ingest"
BARE = "benchmark_event"
CLIENTS = 4
BATCH = 1000
CUSTOMERS, PRODUCTS = 40_000, 10_000
DEPTH = 300  # events of each customer of the stored ones, about
COLUMNS = (
    "source, message_id, type, actor_id, customer_id, product_id, order_id, quantity, amount, currency,"
    " original_amount, quality, properties, occurred_at, received_at"
)
COPY = f"COPY {BARE} ({COLUMNS}) FROM STDIN WITH (FORMAT csv, NULL '')"
Numbers = Sequence[float]


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def execute(sql: str, *params: Any) -> None:
    """Run one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


class Shop:
    """Customers and products that exist, and events about them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.random = random.Random(7)
        people = [f"customer-{n}" for n in range(CUSTOMERS)]
        self.actors = {}
        for start in range(0, CUSTOMERS, 10_000):
            self.actors |= ensure_actors(people[start : start + 10_000], (), now)[0]
        self.people = people
        self.products = ensure_products([f"sku-{n}" for n in range(PRODUCTS)], now)
        self.skus = list(self.products)

    def event(self, *, random_id: bool = False) -> dict[str, Any]:
        """Return an event of the last days, as a partner sends it."""
        pick = self.random
        kind = pick.choice(("view", "view", "view", "add_to_cart", "purchase", "purchase"))
        at = self.now - timedelta(seconds=pick.randrange(3 * 86_400), microseconds=pick.randrange(10**6))
        event: dict[str, Any] = {
            "message_id": str(uuid.uuid4() if random_id else uuid7()),
            "type": kind,
            "source": "web",
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "customer": pick.choice(self.people),
            "sku": pick.choice(self.skus),
            "properties": {"page": f"/p/{pick.randrange(10**6)}", "store": "7", "referrer": "newsletter"},
        }
        if kind == "purchase":
            event |= {
                "order_id": f"order-{pick.randrange(10**9)}",
                "quantity": pick.randrange(1, 5),
                "amount": {
                    "amount": f"{pick.randrange(100, 9999) / 100:.2f}",
                    "currency": settings.SHOP_CURRENCY,
                },
            }
        return event

    def row(self, event: dict[str, Any]) -> tuple[Any, ...]:
        """Return the columns that the event has when it is stored."""
        actor = self.actors[event["customer"]]
        money = event.get("amount", {"amount": None, "currency": None})
        return (
            event["source"], event["message_id"], event["type"], actor.identifier_id, actor.customer_id,
            self.products[event["sku"]], event.get("order_id"), event.get("quantity"), money["amount"],
            money["currency"], money["amount"], "", orjson.dumps(event["properties"]).decode(),
            event["occurred_at"], self.now.isoformat(),
        )  # fmt: skip

    def csv(self, events: list[dict[str, Any]]) -> bytes:
        """Return the rows as COPY reads them."""
        buffer = io.BytesIO()
        frame = pl.DataFrame([self.row(e) for e in events], schema=COLUMNS.split(", "), orient="row",
                             infer_schema_length=None)  # fmt: skip
        frame.write_csv(buffer, include_header=False, quote_style="non_numeric", null_value="")
        return buffer.getvalue()


def make_bare_table(now: datetime) -> None:
    """Create a table like the events', with the same partitions, indexes and sequence."""
    execute(f"CREATE TABLE {BARE} (LIKE {TABLE} INCLUDING ALL) PARTITION BY RANGE (occurred_at)")
    for table in (TABLE, BARE):
        ensure_partitions(table, months_between(now - timedelta(days=730), now))


def fill(start: int, stop: int, people: int, now: datetime) -> None:
    """Store events of two years with the numbers from `start` to `stop`, keys and indexes with them.

    The customers of the table `seeded`, a power of two, take turns at random.
    """
    for first in range(start, stop, 500_000):
        last = min(first + 500_000, stop)
        execute(
            f"INSERT INTO events_eventkey (source, message_id)"
            f" SELECT 'seed', md5(n::text) FROM generate_series({first}, {last - 1}) n"
        )
        execute(
            f"INSERT INTO {TABLE} (source, message_id, type, actor_id, customer_id, product_id, quantity,"
            f" amount, currency, original_amount, properties, occurred_at, received_at)"
            f" SELECT 'seed', md5(n::text), 'view', c.actor, c.id, 1 + n %% {PRODUCTS}, 1, 9.90, 'USD', 9.90,"
            f" '{{\"store\": \"7\"}}', %s::timestamptz - random() * interval '729 days',"
            f" %s"
            f" FROM generate_series({first}, {last - 1}) n"
            f" JOIN LATERAL (SELECT id, actor FROM seeded"
            f"                WHERE place = hashint8(n) & {people - 1}) c ON true",
            now, now,
        )  # fmt: skip
        say(f"  {last:,} events stored")


def server_address(name: str) -> str:
    """Return the database's address under another name."""
    return settings.DATABASE_URL.rpartition("/")[0] + f"/{name}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server() -> Iterator[tuple[str, int]]:
    """Run the web server of `manage.py up` on the benchmark's database. Yield its address and process."""
    port = free_port()
    process = processes.web("127.0.0.1", port)
    environment = os.environ | process.environment | {
        "DATABASE_URL": server_address(DATABASE), "REDIS_URL": settings.REDIS_URL,
        "API_CALLS_PER_MINUTE": "1000000000", "RAPPORT_PROCESS": "web", "RAPPORT_LOG_LEVEL": "INFO",
        "PYTHONPATH": f"{HERE}:{HERE / 'platform'}",
    }  # fmt: skip
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(process.argv, env=environment, cwd=HERE, stdout=log, stderr=log)
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", server.pid
        except BaseException:
            log.seek(0)
            faults = [
                line for line in log.read().decode(errors="replace").splitlines() if '"info"' not in line
            ]
            say("\n".join(faults[-40:]))
            raise
        finally:
            server.terminate()
            server.wait(30)


class Cpu:
    """Processor seconds of PostgreSQL, of the web server and of everything else that is ours."""

    def __init__(self, web: int) -> None:
        self.web = web
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        self.postmaster = int(_stat(backend)[1])

    def read(self) -> dict[str, float]:
        """Return the seconds so far; processes that ended are in their parents' figures."""
        return {"web": self._tree(self.web), "postgres": self._tree(self.postmaster)}

    def _tree(self, root: int) -> float:
        total = sum(map(int, _stat(root)[11:15]))  # its own, and those of children that ended
        for process in Path("/proc").glob("[0-9]*"):
            try:
                fields = _stat(int(process.name))
            except OSError:
                continue
            if int(fields[1]) == root:
                total += sum(map(int, fields[11:15]))
        return total / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def run_clients(work: list[list[bytes]], kind: str, *arguments: str) -> tuple[float, list[float]]:
    """Let one process send each list of blocks, all at once. Return the seconds and those of each block."""
    with tempfile.TemporaryDirectory() as folder:
        clients = []
        for number, blocks in enumerate(work):
            path = Path(folder) / str(number)
            write_blocks(path, blocks)
            command = [sys.executable, "-m", "benchmarks.clients", kind, str(path), *arguments]
            clients.append(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
        for client in clients:
            if client.stdout.readline() != "ready\n":  # type: ignore[union-attr]
                raise SystemExit("A client did not start.")
        start = time.perf_counter()
        for client in clients:
            client.stdin.write("go\n")  # type: ignore[union-attr]
            client.stdin.flush()  # type: ignore[union-attr]
        answers = [json.loads(client.stdout.readline()) for client in clients]  # type: ignore[union-attr]
        elapsed = time.perf_counter() - start
        for client in clients:
            client.communicate()
    for answer in answers:
        if answer["refused"]:
            raise SystemExit(f"The server did not take everything: {answer['refused']}")
    return elapsed, [s for answer in answers for s in answer["seconds"]]


class Bench:
    """The shop, the server, and the turns that COPY and HTTP take."""

    def __init__(self, shop: Shop, address: str, pid: int) -> None:
        self.shop, self.address = shop, address
        self.cpu = Cpu(pid)
        self.key = create_key(name="benchmark", scopes=[Scope.EVENTS_WRITE], now=shop.now)[1]

    def batches(self, count: int, random_ids: bool) -> list[list[list[dict[str, Any]]]]:
        """Return `count` batches of events for each client."""
        return [
            [[self.shop.event(random_id=random_ids) for _ in range(BATCH)] for _ in range(count)]
            for _ in range(CLIENTS)
        ]

    def turn(self, count: int, random_ids: bool) -> tuple[float, float, list[float]]:
        """COPY and post the same events. Return the seconds of each, and of each call."""
        batches = self.batches(count, random_ids)
        rows = [[self.shop.csv(batch) for batch in client] for client in batches]
        copied, _ = self._timed(
            "COPY", count, lambda: run_clients(rows, "copy", server_address(DATABASE), COPY)
        )
        bodies = [[orjson.dumps({"events": batch}) for batch in client] for client in batches]
        posted, calls = self._timed(
            "HTTP", count, lambda: run_clients(bodies, "http", self.address, self.key)
        )
        return copied, posted, calls

    def _timed(self, name: str, count: int, work: Callable[[], tuple[float, list[float]]]) -> Any:
        before = self.cpu.read()
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        elapsed, calls = work()
        after = self.cpu.read()
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        cost = {part: after[part] - before[part] for part in after}
        cost["clients"] = now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime
        thousands = CLIENTS * count * BATCH / 1000
        shown = ", ".join(f"{part} {1000 * seconds / thousands:.1f}" for part, seconds in cost.items())
        say(f"  {name}: {1000 * thousands / elapsed:,.0f} events/s; cpu_ms of 1,000: {shown}")
        return elapsed, calls

    def turns(
        self, count: int, times: int = 3, *, random_ids: bool = False
    ) -> tuple[float, float, list[float]]:
        """Return the best seconds of COPY and of HTTP for 1,000 events, and the seconds of all calls."""
        execute(f"TRUNCATE {BARE}")
        execute("CHECKPOINT")
        self.turn(2, random_ids)  # connections, plans and caches
        before = Event.objects.count()
        taken = [self.turn(count, random_ids) for _ in range(times)]
        if Event.objects.count() != before + times * CLIENTS * count * BATCH:
            raise SystemExit("What was answered for is not stored.")
        share = CLIENTS * count
        calls = [s for _, _, one in taken for s in one]
        return min(c for c, _, _ in taken) / share, min(p for _, p, _ in taken) / share, calls

    def single(self, count: int) -> float:
        """Return how many calls of one event each are answered in a second."""
        bodies = [[orjson.dumps(self.shop.event()) for _ in range(count)] for _ in range(CLIENTS)]
        elapsed, calls = run_clients(bodies, "http", self.address, self.key)
        say(f"  single: median {1000 * statistics.median(calls):.1f} ms")
        return CLIENTS * count / elapsed


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
    return 1000 * statistics.median(taken)


def measure(small: int, large: int, count: int) -> list[dict[str, Any]]:
    """Return all results, with `small` and then `large` events stored before."""
    now = clock.now()
    shop = Shop(now)
    make_bare_table(now)
    people = 2 ** (large // DEPTH - 1).bit_length() // 2
    execute(
        "CREATE TABLE seeded AS SELECT row_number() OVER (ORDER BY c.id) - 1 AS place, c.id, i.id AS actor"
        " FROM customers_customer c JOIN customers_identifier i ON i.customer_id = c.id"
        f" ORDER BY c.id LIMIT {people}"
    )
    execute("CREATE UNIQUE INDEX ON seeded (place)")
    fill(0, small, people, now)
    execute("VACUUM ANALYZE")
    with web_server() as (address, pid):
        bench = Bench(shop, address, pid)
        copy_small, http_small, calls = bench.turns(count)
        copy_random, http_random, _ = bench.turns(count, random_ids=True)
        single = bench.single(50 * count // 4)
    fill(small, large, people, now)
    execute("VACUUM ANALYZE")
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
