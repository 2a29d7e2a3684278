"""What the console's pages cost on the server: `python -m benchmarks.pages [--quick]`. Its last line is JSON.

slowest_page_ms   the slowest page, by the 95th percentile of its warm requests
largest_page_kb   the largest HTML of a page
search_ms         Ctrl+K for words that a person would type, the slowest of them

Every page of the console that a table of addresses names is asked for by an administrator through
Django's test client (middleware, view, queries, template; no network), once to warm it and then TURNS
times, with the garbage collector set as in the web server (config.web_server). The shop is that of
`benchmarks.shop` (200,000 customers, 10 million events) with what a shop of that size has besides: counted
segments, campaigns with a sending of 200,000 messages, promotions, codes, an import, mails. The table on
stderr has each page's time, size and queries, the slowest first. --quick takes a tenth of the shop.
"""

import argparse
import json
import logging
import statistics
import time
from datetime import timedelta
from typing import Any, NamedTuple

from benchmarks.measuring import peak_mb, result
from benchmarks.shop import AS_OF, FULL, QUICK, Size, say, shop  # sets Django up, so it comes first

# isort: split
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Job, User
from campaigns.actions import create_campaign
from campaigns.content.starters import ensure_starter_templates
from campaigns.coupons.pools import create_pool, generate_codes
from campaigns.experiments.services import create_experiment
from campaigns.models import Campaign
from campaigns.promotions.models import Promotion
from config import web_server
from core.ids import uuid7
from delivery.models import Run
from segments.models import Segment
from segments.services import ensure_ready_made, refresh_all
from tests.console.addresses import pages
from tests.console.test_walls import PAGES

TURNS = 20
SEARCHES = (
    "cust",
    "customer-1999",
    "ann",
    "Ann Lee",
    "王小明",
    "customer-77@example.com",
    "spring",
    "a",
    "ABCDE12345",
)
LIMIT_MS, LIMIT_KB = 300, 250


class Cost(NamedTuple):
    """What a page cost."""

    name: str
    path: str
    ms: float
    best: float
    kb: float
    queries: int
    slowest: str


def fill(size: Size) -> User:
    """Store what a shop of this size has besides customers and events. About a minute and a half."""
    begun = time.perf_counter()
    now = AS_OF
    alice = User.objects.create_superuser("alice", "alice@example.com", "correct horse")
    ensure_ready_made(now=now)
    refresh_all(as_of=now, now=now)
    say(f"  segments counted ({time.perf_counter() - begun:.0f} s)")
    content = ensure_starter_templates(now)["recommendations"]
    segment = Segment.objects.filter(size__gt=0).first()
    experiment = create_experiment(
        key="picks", name="Best-sellers or picks?", salt="s", holdout_share=0.1, window_days=28, now=now,
        variants=[
            {"key": "a", "name": "Best-sellers", "is_control": True, "levers": {}},
            {"key": "b", "name": "Picks", "levers": {}},
        ],
    )  # fmt: skip
    campaigns = [
        create_campaign(
            user=alice, now=now - timedelta(days=n), name=f"Campaign {n}", slug=f"campaign-{n}",
            kind=Campaign.Kind.EMAIL, content=content, segment=segment, experiment=None if n else experiment,
        )
        for n in range(120)
    ]  # fmt: skip
    _sending(campaigns[0], now)
    for n in range(150):  # ten for good, the others a fortnight each in the course of two years
        begins = None if n < 10 else now + timedelta(days=5 * (n - 80))
        Promotion.objects.create(
            slug=f"offer-{n}", name=f"Offer {n}", benefit={"kind": "percent", "percent": "10"},
            currency="USD", needs_code=n < 3, created_at=now, starts_at=begins,
            ends_at=begins and begins + timedelta(days=14),
        )  # fmt: skip
    for promotion in Promotion.objects.filter(needs_code=True):
        generate_codes(
            create_pool(name=promotion.name, promotion=promotion, now=now), size.customers // 4, now=now
        )
    Job.objects.bulk_create(
        Job(kind="train", title=f"Work {n}", state=Job.State.DONE, created_at=now, finished_at=now)
        for n in range(300)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(f"  filled ({time.perf_counter() - begun:.0f} s)")
    return alice


def _sending(campaign: Campaign, now: Any) -> None:
    """Store a finished sending of the campaign to everybody who has an address."""
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.FINISHED)
    run = Run.objects.create(
        id=uuid7(), source="campaign", reference=str(campaign.pk), channel="email", state=Run.State.FINISHED,
        as_of=now, created_at=now, finished_at=now,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO delivery_message (run_id, source, customer_id, step, occurrence, channel, state,"
            " skip_reason, context, due_at, attempts, fence, message_id, sent_at, error)"
            " SELECT %s, 'campaign', id, 0, 0, 'email',"
            "  CASE id %% 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'skipped' WHEN 2 THEN 'held_out'"
            "                ELSE 'sent' END,"
            "  CASE id %% 20 WHEN 1 THEN 'no_consent' ELSE '' END, '{}', %s, 1, 1, '<' || id || '@x>',"
            "  CASE WHEN id %% 20 > 2 THEN %s::timestamptz END,"
            "  CASE id %% 20 WHEN 0 THEN '550 5.1.1' ELSE '' END"
            " FROM customers_customer WHERE email IS NOT NULL",
            [run.pk, now, now],
        )
        Run.objects.filter(pk=run.pk).update(audience=cursor.rowcount)


def measure(client: Client, name: str, path: str) -> Cost:
    """Ask for a page several times."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    asked = list(queries)  # the next request forgets them
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        client.get(path)
        times.append((time.perf_counter() - start) * 1000)
    slow = statistics.quantiles(times, n=20, method="inclusive")[-1]
    worst = max(asked, key=lambda query: float(query["time"]), default=None)
    told = f"{float(worst['time']) * 1000:.0f} ms: {' '.join(worst['sql'].split())[:300]}" if worst else ""
    return Cost(name, path, slow, min(times), len(answer.content) / 1024, len(asked), told)


def searches(client: Client) -> float:
    """Return the milliseconds of the slowest look-up by Ctrl+K."""
    slowest = 0.0
    for words in SEARCHES:
        client.get("/admin/search/", {"s": words})
        start = time.perf_counter()
        client.get("/admin/search/", {"s": words})
        took = (time.perf_counter() - start) * 1000
        say(f"  Ctrl+K {words!r}: {took:.0f} ms")
        slowest = max(slowest, took)
    return slowest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What the console's pages cost on the server.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    settings.ALLOWED_HOSTS, settings.DEBUG = ["*"], False
    settings.SHOP_AS_OF = AS_OF.isoformat()
    web_server.when_ready(None)
    with shop(QUICK if asked.quick else FULL) as size:
        alice = fill(size)
        client = Client()
        client.force_login(alice)
        costs = [
            measure(client, name, path) for name, path in pages(PAGES, client).items() if asked.only in name
        ]
        found = searches(client)
    say(f"{'ms':>7} {'best':>6} {'KB':>6} {'queries':>7}  page")
    for cost in sorted(costs, key=lambda cost: -cost.ms):
        say(f"{cost.ms:7.0f} {cost.best:6.0f} {cost.kb:6.0f} {cost.queries:7}  {cost.name}  {cost.path}")
        if cost.ms > LIMIT_MS / 2:
            say(f"{'':24}slowest query {cost.slowest}")
    say(f"{len(costs)} pages")
    results = [
        result("slowest_page_ms", max(cost.ms for cost in costs), "ms", LIMIT_MS, 0),
        result("largest_page_kb", max(cost.kb for cost in costs), "KB", LIMIT_KB, 0),
        result("search_ms", found, "ms", LIMIT_MS, 0),
    ]
    print(
        json.dumps(
            {"benchmark": "pages", "results": results, "pages": len(costs), "peak_mb": round(peak_mb())}
        )
    )


if __name__ == "__main__":
    main()
