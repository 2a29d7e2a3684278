"""What zones and spreading cost a launch: `python -m benchmarks.schedule [--quick]`. Its last line is JSON.

zones_freeze    freezing an audience of 200,000 in 300 zones, each due by its own clock, and freezing the same
                audience due at once
spread_freeze   the same, spread over eight hours in each zone
reach_seconds   counting who of them may be written to, by market, as the page before a launch does
"""

import argparse
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.delivery_source import NAME, register  # noqa: E402
from benchmarks.measuring import peak_mb, result  # noqa: E402
from campaigns.reach import measure as reach  # noqa: E402
from core import clock  # noqa: E402
from customers.models import Channel  # noqa: E402
from delivery.models import Message  # noqa: E402
from delivery.schedule.moments import at_local  # noqa: E402
from delivery.schedule.spreading import spread  # noqa: E402
from delivery.schedule.zones import at_their_time  # noqa: E402
from delivery.services import launch  # noqa: E402

PEOPLE, ZONES = 200_000, 300
_PEOPLE = """
INSERT INTO customers_customer (external_id, email, phone, first_name, last_name, locale, time_zone, country,
    email_domain, birth_month_day, attributes, no_profiling, is_stub, own_id, created_at, updated_at)
SELECT 'z' || g, 'z' || g || '@demo.invalid', '', '', '', '', (%s::text[])[1 + g %% %s],
       (ARRAY['DE', 'US', 'CN', 'FR', ''])[1 + g %% 5], '', '', '{}'::jsonb, false, false, true, %s, %s
  FROM generate_series(1, %s) g
"""
_AGREED = """
INSERT INTO customers_consent (customer_id, channel, topic, granted, since)
SELECT id, 'email', 'marketing', true, %s FROM customers_customer
"""
_EVERYBODY = """
SELECT id AS customer_id, false AS held_out, '{}'::jsonb AS context, %s::timestamptz AS due_at
  FROM customers_customer
"""


def seconds_to_freeze(name: str, audience_of: object, now: object) -> float:
    """Freeze an audience and return how long that took, the making of its query included."""
    start = time.perf_counter()
    run = launch(
        source=NAME, reference=name, channel=Channel.EMAIL, topic="marketing",
        audience=audience_of(), as_of=now, now=now,
    )  # fmt: skip
    taken = time.perf_counter() - start
    assert run.audience == PEOPLE
    return taken


def measure(rounds: int) -> list[dict]:
    """Return the results; each figure is the best of some rounds, taken in turns."""
    register()
    now = clock.now()
    zones = sorted(zone for zone in available_timezones() if "/" in zone)[:ZONES]
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [zones, len(zones), now, now, PEOPLE])
        cursor.execute(_AGREED, [now])
        cursor.execute("ANALYZE customers_customer, customers_consent")
    day = (now + timedelta(days=2)).date()
    plain = (_EVERYBODY, [now])

    def zoned():
        return at_their_time(plain, lambda zone: at_local(day, now.time(), zone))

    ways = {
        "plain": lambda: plain,
        "zones": zoned,
        "spread": lambda: spread(zoned(), timedelta(hours=8), seed="b"),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, audience_of in ways.items():
            taken[name].append(seconds_to_freeze(f"{name}{turn}", audience_of, now))
    moments = Message.objects.filter(run__reference="zones0").values("due_at").distinct().count()
    print(f"{moments} due moments in {len(zones)} zones", file=sys.stderr)
    start = time.perf_counter()
    found = reach(("SELECT id AS customer_id FROM customers_customer", []), holdout_share=0, now=now)
    counted = time.perf_counter() - start
    assert found.audience == PEOPLE
    best = {name: min(times) for name, times in taken.items()}
    return [
        result("zones_freeze", best["zones"], "s", best["plain"]),
        result("spread_freeze", best["spread"], "s", best["plain"]),
        result("reach_seconds", counted, "s", 5),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    rounds = 1 if parser.parse_args().quick else 3
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_schedule"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(rounds)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "schedule", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
