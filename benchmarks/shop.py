"""A shop of any size for benchmarks, made once and kept: 200,000 customers and 10 million events.

    with shop(Size()) as made: …            # Django's connection points at a copy that is dropped afterwards

Its shapes are those of the Complete Journey data (fitted to its 1,469,307 lines; `python -m benchmarks.shop`
prints what came out):

- a customer's activity is log-normal, sigma 1.32 (lines a household: median 407, mean 595);
- lines an order are log-normal, median 5, mean 9.4, cut at 59; products follow a power law, exponent 0.94;
- a line's value is log-normal, median 2.03, sigma 0.81; quantities 1, 2, 3, 4 in 79, 14, 3 and 2 of 100;
- hours and weekdays of orders as counted there; how long ago somebody was last seen: quartiles of 1, 5 and
  18 days, the longest about two years.

What groceries do not tell is assumed: a visit has 1 + Poisson(3) views, 0.4 searches, 1 product laid into
the cart and an order in one of four; 4 of 100 events are messages sent, of which a quarter are opened, 3 %
by machines besides, and 4 % clicked. Two thirds gave an e-mail address and agreed to be written to; 8 in 10
have scores; tiers are 80, 15 and 5 of 100; five time zones. Events lie in the two years before `AS_OF`.
Their keys are left out: nobody sends them twice.

The database is kept as `shop_<customers>_<version>` on the server in use and copied for each run (a second a
gigabyte). Making 10 million takes about five minutes on two cores, profiles included.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
import psycopg2  # noqa: E402
from dateutil.relativedelta import relativedelta  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from core.copy import copy_from_frame  # noqa: E402
from core.encryption import encrypt, keyed_hashes  # noqa: E402
from core.partitions import ensure_partitions, months_between  # noqa: E402
from profiles.services import build_profiles  # noqa: E402

#: Raise it when what is made changes, so that kept databases are made anew.
VERSION = 1
AS_OF = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAYS = 730
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Shanghai", "America/Los_Angeles", "")
HOURS = (
    103982, 73683, 42790, 24765, 11900, 6480, 4070, 2496, 1657, 1677, 3516, 8039, 15808, 30835, 53989, 81029,
    103193, 107694, 115021, 118249, 129741, 148774, 150817, 129102,
)  # fmt: skip
WEEKDAYS = (203541, 193166, 180782, 183357, 191742, 246879, 269840)  # Monday first
TYPES = ("view", "search", "add_to_cart", "purchase", "message_sent", "message_opened", "message_clicked")


class Size(NamedTuple):
    """How large a shop is; events and products grow with the customers unless they are said."""

    customers: int = 200_000
    events: int = 10_000_000
    products: int = 20_000
    seed: int = 7

    @property
    def name(self) -> str:
        """Return the database's name."""
        return f"shop_{self.customers}_{self.events}_{self.products}_{self.seed}_v{VERSION}"


FULL, QUICK, QUARTER = Size(), Size(20_000, 1_000_000, 5_000), Size(50_000, 2_500_000)


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def shop(size: Size = FULL, *, name: str = "benchmark_shop") -> Iterator[Size]:
    """Point Django's connection at a copy of the shop, which is dropped afterwards."""
    kept = connection.settings_dict["NAME"]
    if not _exists(size.name):
        make(size)
    _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{size.name}" STRATEGY FILE_COPY')
    _use(name)
    try:
        call_command("migrate", verbosity=0, interactive=False)  # a kept shop may be older than the schema
        yield size
    finally:
        _use(kept)
        _administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def make(size: Size) -> None:
    """Make the shop and keep it under its name; an unfinished one is never kept."""
    begun, kept, unfinished = time.perf_counter(), connection.settings_dict["NAME"], f"{size.name}_new"
    _administer(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
    _administer(f'CREATE DATABASE "{unfinished}"')
    _use(unfinished)
    try:
        say(f"making a shop of {size.customers:,} customers and {size.events:,} events")
        call_command("migrate", verbosity=0, interactive=False)
        random = np.random.default_rng(size.seed)
        _catalogue(random, size)
        _people(random, size)
        _events(random, size)
        say(f"  profiles ({time.perf_counter() - begun:.0f} s so far)")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        build_profiles(as_of=AS_OF, now=AS_OF)
        _settle()
    finally:
        _use(kept)
    _administer(f'ALTER DATABASE "{unfinished}" RENAME TO "{size.name}"')
    say(f"  made in {time.perf_counter() - begun:.0f} s")


def _catalogue(random: np.random.Generator, size: Size) -> None:
    top, each = 30, 10
    paths = [f"c{t}" for t in range(top)] + [f"c{t}/s{s}" for t in range(top) for s in range(each)]
    parents = [None] * top + [t + 1 for t in range(top) for _ in range(each)]
    ids = list(range(1, len(paths) + 1))
    _copy(pl.DataFrame({"id": ids, "path": paths, "name": paths, "parent_id": parents}), "catalog_category")
    n = size.products
    frame = pl.DataFrame(
        {
            "id": np.arange(1, n + 1),
            "sku": [f"sku-{i}" for i in range(n)],
            "name": [f"Product {i}" for i in range(n)],
            "brand": [f"brand {b}" for b in (random.pareto(1.2, n) * 10).astype(int) % 200],
            "category_id": random.integers(top + 1, len(paths) + 1, n),
        }
    )
    _copy(frame, "catalog_product")


def _people(random: np.random.Generator, size: Size) -> None:
    n = size.customers
    ids = np.arange(1, n + 1)
    external = [f"customer-{i}" for i in range(n)]
    has_email = random.random(n) < 2 / 3
    emails = [f"{name}@example.com" if has else None for name, has in zip(external, has_email, strict=True)]
    tiers = random.choice(["basic", "silver", "gold"], n, p=[0.8, 0.15, 0.05])
    points = (random.lognormal(5, 1.2, n)).astype(int)
    cities = random.integers(0, 400, n)
    born = [
        (datetime(2000, 1, 1) + timedelta(days=int(d))).strftime("%m-%d") for d in random.integers(0, 366, n)
    ]
    frame = pl.DataFrame(
        {
            "id": ids,
            "external_id": external,
            "email": [encrypt(mail) if mail else None for mail in emails],
            "email_domain": ["example.com" if mail else "" for mail in emails],
            "birth_month_day": born,
            "time_zone": random.choice(ZONES, n),
            "country": random.choice(["DE", "US", "CN", "FR"], n),
            "locale": random.choice(["en", "de", "zh-hans"], n),
            "attributes": [
                f'{{"tier": "{t}", "points": {p}, "city": "city {c}"}}'
                for t, p, c in zip(tiers, points, cities, strict=True)
            ],
            "created_at": [AS_OF - timedelta(days=float(d)) for d in random.uniform(0, DAYS, n)],
        }
    )
    _copy(frame.with_columns(updated_at=pl.col("created_at")), "customers_customer")
    for kind, values, first in (("external_id", external, 1), ("email", emails, n + 1)):
        pairs = [(i + 1, value) for i, value in enumerate(values) if value]
        hashes = keyed_hashes(kind, [value for _, value in pairs])
        rows = pl.DataFrame(
            {
                "id": np.arange(first, first + len(pairs)),
                "value_hash": [hashes[value] for _, value in pairs],
                "customer_id": [i for i, _ in pairs],
            }
        )
        _copy(rows.with_columns(kind=pl.lit(kind), created_at=pl.lit(AS_OF)), "customers_identifier")
    agreed = pl.DataFrame({"customer_id": ids[has_email]}).with_columns(
        channel=pl.lit("email"), topic=pl.lit("marketing"), granted=pl.lit(True)
    )
    since = AS_OF - timedelta(days=100)
    _copy(agreed.with_columns(since=pl.lit(since)), "customers_consent")
    proof = agreed.with_columns(source=pl.lit("form"), occurred_at=pl.lit(since), recorded_at=pl.lit(since))
    _copy(proof, "customers_consentevent")
    scored = ids[random.random(n) < 0.8]
    for kind in ("churn", "purchase"):
        rows = pl.DataFrame({"customer_id": scored, "score": random.beta(2, 3, len(scored)).round(4)})
        rows = rows.with_columns(kind=pl.lit(kind), model_version=pl.lit("made"), as_of=pl.lit(AS_OF))
        _copy(rows, "profiles_customerscore")


def _events(random: np.random.Generator, size: Size) -> None:
    frame = _facts(random, size).sort("occurred_at")
    months = months_between(AS_OF - timedelta(days=DAYS), AS_OF)
    for month in months:
        end = month + relativedelta(months=1)
        rows = frame.filter(pl.col("occurred_at").is_between(month, end, closed="left"))
        with transaction.atomic():  # a table of this transaction's own needs no WAL
            ensure_partitions("events_event", [month])
            _copy(rows, "events_event")
    say(f"  {frame.height:,} events")


def _facts(random: np.random.Generator, size: Size) -> pl.DataFrame:
    """Return all events: visits first, then what happened in each."""
    n = size.customers
    messages = int(size.events * 0.04 / 1.32)
    visits = int(size.events * 0.96 / 7.66)
    activity = random.lognormal(0, 1.32, n)
    activity /= activity.sum()
    # Everybody has a last day; the active ones' is near.
    silent = np.minimum(random.lognormal(np.log(5), 1.9, n), DAYS - 30)
    lapsed = random.random(n) < 0.4
    silent[lapsed] = random.uniform(30, DAYS - 30, int(lapsed.sum()))
    product_share = (np.arange(size.products) + 1.0) ** -0.94
    product_share /= product_share.sum()
    products = random.permutation(np.arange(1, size.products + 1))
    who = random.choice(n, visits, p=activity)
    day = random.uniform(silent[who], DAYS)
    moment = _moments(random, day)

    def happened(visit: Any, kind: str, minutes: float) -> pl.DataFrame:
        seconds = random.uniform(minutes * 60, minutes * 60 + 600, len(visit))
        return pl.DataFrame(
            {
                "visit": visit,
                "customer_id": who[visit] + 1,
                "type": np.full(len(visit), kind),
                "occurred_at": moment[visit] + (seconds * 1e6).astype("timedelta64[us]"),
                "product_id": products[random.choice(size.products, len(visit), p=product_share)],
            }
        )

    every = np.arange(visits)
    views = happened(np.repeat(every, 1 + random.poisson(3, visits)), "view", 0)
    searches = happened(every[random.random(visits) < 0.4], "search", 0).with_columns(
        product_id=None, properties=pl.lit('{"term": "coffee"}')
    )
    carts = happened(np.repeat(every, random.poisson(1, visits)), "add_to_cart", 10)
    buying = every[random.random(visits) < 0.25]
    lines = np.clip(np.ceil(random.lognormal(np.log(4.5), 1.2, len(buying))), 1, 59).astype(int)
    bought = happened(np.repeat(buying, lines), "purchase", 20)
    quantity = random.choice([1, 2, 3, 4], bought.height, p=[0.8, 0.15, 0.03, 0.02])
    amount = (random.lognormal(np.log(2.03), 0.81, bought.height) * quantity).round(2)
    bought = bought.with_columns(
        order_id="order-" + pl.col("visit").cast(pl.String),
        quantity=pl.Series(quantity),
        amount=pl.Series(amount),
        discount=pl.Series(np.where(random.random(bought.height) < 0.2, (amount * 0.15).round(2), 0.0)),
        # The whole order is one moment.
        occurred_at=pl.col("occurred_at").min().over("visit"),
        properties=pl.lit('{"store": "') + (pl.col("visit") % 40).cast(pl.String) + '", "points": 3}',
    )
    frames = [views, searches, carts, bought, *_messages(random, messages, n)]
    facts = pl.concat(frames, how="diagonal").drop("visit")
    facts = facts.filter(pl.col("occurred_at") < AS_OF.replace(tzinfo=None))
    return facts.with_columns(
        source=pl.lit("web"),
        message_id=pl.int_range(pl.len()).cast(pl.String),
        actor_id=pl.col("customer_id"),
        currency=pl.when(pl.col("amount").is_not_null()).then(pl.lit("USD")),
        quality=pl.lit(""),
        occurred_at=pl.col("occurred_at").dt.replace_time_zone("UTC"),
    ).with_columns(received_at=pl.col("occurred_at"))


def _messages(random: np.random.Generator, count: int, customers: int) -> list[pl.DataFrame]:
    runs = max(1, count // 2_000)
    run = random.integers(0, runs, count)
    at = AS_OF.replace(tzinfo=None) - timedelta(days=DAYS)
    sent = pl.DataFrame(
        {
            "visit": np.arange(count),
            "customer_id": random.integers(1, customers + 1, count),
            "type": np.full(count, "message_sent"),
            "occurred_at": np.datetime64(at) + ((run + random.random(count)) / runs * DAYS * 86_400e6).astype("timedelta64[us]"),  # noqa: E501
            "properties": [
                f'{{"source": "campaign", "reference": "campaign-{r}", "run": "{r}", "message": {m}, "channel": "email"}}'  # noqa: E501
                for m, r in enumerate(run)
            ],
        }
    )  # fmt: skip
    reacted = []
    for kind, share, machine in (("opened", 0.25, False), ("opened", 0.03, True), ("clicked", 0.04, False)):
        chosen = sent.filter(pl.Series(random.random(count) < share))
        later = pl.Series((random.exponential(6 * 3600e6, chosen.height)).astype("timedelta64[us]"))
        text = pl.col("properties").str.strip_suffix("}") + f', "machine": {str(machine).lower()}}}'
        reacted.append(
            chosen.with_columns(
                type=pl.lit(f"message_{kind}"), occurred_at=pl.col("occurred_at") + later, properties=text
            )
        )
    return [sent, *reacted]


def _moments(random: np.random.Generator, days_ago: Any) -> Any:
    """Return moments so many days ago, their weekdays and hours as orders have them."""
    midnight = np.datetime64(AS_OF.replace(tzinfo=None, hour=0), "us")
    day = days_ago.astype(int)
    weights = np.asarray(WEEKDAYS) / max(WEEKDAYS)
    weekday = (AS_OF.weekday() - day) % 7
    moved = random.random(len(day)) > weights[weekday]
    # A visit on a weak day moves to Sunday in part, which keeps the counted proportions about right.
    day = np.where(moved, np.clip(day + (weekday - 6) % 7, 0, DAYS - 1), day)
    hour = random.choice(24, len(day), p=np.asarray(HOURS) / sum(HOURS))
    seconds = hour * 3600 + random.uniform(0, 3600, len(day))
    return midnight - day.astype("timedelta64[D]") + (seconds * 1e6).astype("timedelta64[us]")


def _copy(frame: pl.DataFrame, table: str) -> None:
    """Append a frame; columns that it lacks and that must not be null get an empty value of their type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
            [table],
        )
        needed = dict(cursor.fetchall())
    empty: dict[str, Any] = {
        "character varying": "", "text": "", "jsonb": "{}", "boolean": False, "integer": 0, "bigint": 0,
        "smallint": 0, "numeric": 0, "double precision": 0.0, "timestamp with time zone": AS_OF,
    }  # fmt: skip
    missing = {c: pl.lit(empty[kind]) for c, kind in needed.items() if c not in frame.columns}
    copy_from_frame(frame.with_columns(**missing), table)


def _settle() -> None:
    """Bring sequences up to the ids that were given, and statistics and the visibility map up to date."""
    with connection.cursor() as cursor:
        for table in ("customers_customer", "customers_identifier", "catalog_product", "catalog_category"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def _administer(statement: str) -> None:
    settings = connection.get_connection_params() | {"dbname": "postgres"}
    settings = {k: v for k, v in settings.items() if k in ("host", "port", "user", "password", "dbname")}
    raw = psycopg2.connect(**settings)
    try:
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute(statement)
    finally:
        raw.close()


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def main() -> None:
    """Make a shop unless it is there, and print what it holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth")
    size = QUICK if parser.parse_args().quick else FULL
    with shop(size), connection.cursor() as cursor:
        cursor.execute("SELECT type, count(*), count(DISTINCT customer_id) FROM events_event GROUP BY 1")
        types = {kind: {"events": events, "customers": people} for kind, events, people in cursor.fetchall()}
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        print(json.dumps({"name": size.name, "size": cursor.fetchone()[0], "types": types}))


if __name__ == "__main__":
    main()
