"""What a campaign's report costs at 200,000 recipients: `python -m benchmarks.report [--quick]`.

report_page_ms   the slowest tab of a report, on the server (Results, Content, People by every filter, log)
report_count_s   counting all its figures anew, as a worker does
report_page_kb   the largest tab's HTML

The campaign has 60,000 opens, 12,000 clicks and 20,000 orders; it lies in a database of its own, which is
dropped afterwards. `--quick` takes a tenth of the people.
"""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.measuring import peak_mb, result  # noqa: E402
from campaigns.actions import create_campaign  # noqa: E402
from campaigns.content.starters import ensure_starter_templates  # noqa: E402
from campaigns.experiments.services import create_experiment  # noqa: E402
from campaigns.models import Campaign  # noqa: E402
from campaigns.outcomes.attribution import attribute  # noqa: E402
from campaigns.reports.keeping import count_campaign  # noqa: E402
from core.partitions import ensure_partitions, months_between  # noqa: E402
from delivery.models import Run  # noqa: E402
from delivery.services import launch  # noqa: E402

PEOPLE = 200_000
SENT = datetime(2026, 10, 1, 9, tzinfo=UTC)
LIMIT_MS, LIMIT_COUNT, LIMIT_KB = 300, 20, 250
_PEOPLE = """
INSERT INTO customers_customer (external_id, email, phone, first_name, last_name, locale, time_zone, country,
    email_domain, birth_month_day, attributes, no_profiling, is_stub, own_id, created_at, updated_at)
SELECT 'z' || g, NULL, NULL, 'Ann', 'No' || g, '', '', 'DE', '', '', '{}'::jsonb, false,
       false, true, %(sent)s, %(sent)s
  FROM generate_series(1, %(people)s) g
"""
_PRODUCTS = """
INSERT INTO catalog_product (sku, name, brand, url, image_url, currency, price, attributes, active, is_stub,
                             created_at, updated_at)
SELECT 'p' || g, 'Tea ' || g, '', 'https://shop.example/p/' || g, '', 'USD', 5, '{}'::jsonb, true, false,
       %(sent)s, %(sent)s
  FROM generate_series(1, 1000) g
"""
_AUDIENCE = """
SELECT id AS customer_id, mod(id, 10) = 0 AS held_out, %s::timestamptz AS due_at,
       jsonb_build_object('variant', CASE WHEN mod(id, 2) = 0 THEN 'a' ELSE 'b' END, 'template', %s::text,
           'products', jsonb_build_array('p' || 1 + mod(id, 1000), 'p' || 1 + mod(id * 7, 1000))) AS context
  FROM customers_customer
"""
_STATES = """
UPDATE delivery_message
   SET state = CASE WHEN mod(id, 25) = 0 THEN 'skipped' ELSE 'sent' END,
       skip_reason = CASE WHEN mod(id, 25) = 0 THEN 'no_consent' ELSE '' END,
       sent_at = CASE WHEN mod(id, 25) = 0 THEN NULL ELSE %(sent)s::timestamptz END
 WHERE run_id = %(run)s AND state = 'pending'
"""
_TOUCHES = """
INSERT INTO events_event (source, message_id, type, customer_id, properties, occurred_at, received_at,
                          quality)
SELECT 'rapport', kind || m.id, kind, m.customer_id,
       jsonb_build_object('run', m.run_id, 'message', m.id, 'source', 'campaign', 'reference',
           %(campaign)s::text, 'channel', 'email', 'machine', mod(m.id, 11) = 0,
           'url', 'https://shop.example/p/' || 1 + mod(m.customer_id, 1000) || '?utm_source=rapport'),
       %(sent)s::timestamptz + interval '1 minute' * (1 + mod(m.id * 31, 4000)), %(sent)s, ''
  FROM delivery_message m,
       (VALUES ('message_opened', 3), ('message_clicked', 15), ('unsubscribe', 400)) AS k (kind, every)
 WHERE m.run_id = %(run)s AND m.state = 'sent' AND mod(m.id, every) = 0
"""
_ORDERS = """
INSERT INTO events_event (source, message_id, type, customer_id, product_id, order_id, quantity, amount,
                          occurred_at, received_at, quality)
SELECT 'shop', 'o' || c.id || '-' || line, 'purchase', c.id, p.low + mod(c.id, 1000), 'o' || c.id, 1,
       5 + mod(c.id, 40), %(sent)s::timestamptz + interval '1 hour' * (3 + mod(c.id, 400)), %(sent)s, ''
  FROM customers_customer c, generate_series(1, 2) line, (SELECT min(id) AS low FROM catalog_product) p
 WHERE mod(c.id, CASE WHEN mod(c.id, 10) = 0 THEN 11 ELSE 10 END) = 3
"""
TABS = {
    "results": "",
    "content": "content/",
    "people": "people/",
    "opened": "people/?did=opened",
    "ordered": "people/?did=ordered",
    "unsubscribed": "people/?did=unsubscribed",
    "left out": "people/?reason=no_consent",
    "found": "people/?q=No77",
    "log": "log/",
}


def make(people: int) -> Campaign:
    """Store the shop and the campaign; set-based, about 40 s for 200,000."""
    version = ensure_starter_templates(SENT)["recommendations"]
    experiment = create_experiment(
        key="b", name="B", salt="s", holdout_share=0.1, window_days=21, now=SENT,
        variants=[{"key": "a", "name": "A", "is_control": True}, {"key": "b", "name": "B"}],
    )  # fmt: skip
    campaign = create_campaign(
        user=None, now=SENT, name="Large", slug="large", kind=Campaign.Kind.EMAIL, goal_days=21,
        content=version, experiment=experiment,
    )  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(state="finished", as_of=SENT, launched_at=SENT)
    params = {"sent": SENT, "people": people, "campaign": str(campaign.pk)}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, params)
        cursor.execute(_PRODUCTS, params)
        ensure_partitions("events_event", months_between(SENT, SENT + timedelta(days=40)))
        run = launch(
            source="campaign", reference=str(campaign.pk), channel="email", topic="marketing",
            audience=(_AUDIENCE, [SENT, str(version.pk)]), as_of=SENT, now=SENT,
        )  # fmt: skip
        Run.objects.filter(pk=run.pk).update(state="finished")
        for statement in (_STATES, _TOUCHES, _ORDERS):
            cursor.execute(statement, params | {"run": str(run.pk)})
        cursor.execute("VACUUM ANALYZE")
    attribute(since=SENT, until=SENT + timedelta(days=30))
    return campaign


def count(campaign_id: UUID) -> float:
    """Count all figures and return the seconds."""
    start = time.perf_counter()
    count_campaign(campaign_id, now=datetime.now(UTC))
    return time.perf_counter() - start


def measure(people: int) -> list[dict]:
    """Return the results; a page's time is the best of three with its figures read anew, its charts drawn."""
    campaign = make(people)
    counted = count(campaign.pk)
    client = Client()
    client.force_login(User.objects.create_superuser("bench", "b@x.invalid", "x"))
    slowest, largest = 0.0, 0.0
    for name, path in TABS.items():
        times = []
        for _turn in range(4):
            cache.delete(f"console:campaign:{campaign.pk}:finished:")
            start = time.perf_counter()
            answer = client.get(f"/admin/campaigns/{campaign.pk}/report/{path}")
            times.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == 200, name
        kb = len(answer.content) / 1024
        best = min(times[1:])
        print(f"{name:14} {best:6.0f} ms, first {times[0]:6.0f} ms {kb:6.0f} KB", file=sys.stderr)
        slowest, largest = max(slowest, best), max(largest, kb)
    return [
        result("report_page_ms", slowest, "ms", LIMIT_MS),
        result("report_count_s", counted, "s", LIMIT_COUNT),
        result("report_page_kb", largest, "KB", LIMIT_KB),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the people")
    people = PEOPLE // 10 if parser.parse_args().quick else PEOPLE
    name = connection.settings_dict["NAME"]
    settings.ALLOWED_HOSTS = ["*"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_report"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(people)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "report", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
