"""How much a profile costs: `python -m benchmarks.profiles [--quick]`. Its last line is JSON.

full_vs_sql      seconds of a bare aggregate over the same purchases (orders, money and last purchase per
                 customer, one statement), divided by the seconds of building all profiles from nothing
again_vs_first   seconds of building them once more, divided by the first time
cluster_seconds  finding the personas, against building the profiles
peak_mb          peak memory of this process

The sides of a ratio take turns; the best turn of each counts.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from accounts.jobs import silent  # noqa: E402
from benchmarks.measuring import peak_mb, seconds  # noqa: E402
from core import clock  # noqa: E402
from integrations.datasets import complete_journey  # noqa: E402
from profiles.models import CustomerProfile  # noqa: E402
from profiles.services import build_profiles, cluster_customers  # noqa: E402

AS_OF = datetime(2017, 11, 6, tzinfo=UTC)
TURNS = 3
BARE = """
SELECT customer_id, count(DISTINCT order_id), sum(amount), max(occurred_at)
FROM events_event WHERE type = 'purchase' AND occurred_at < %s GROUP BY 1
"""


def bare() -> None:
    """Run the bare aggregate."""
    with connection.cursor() as cursor:
        cursor.execute(BARE, [AS_OF])
        cursor.fetchall()


def build() -> None:
    """Build all profiles."""
    build_profiles(as_of=AS_OF, now=AS_OF)


def result(key: str, figure: float, limit: float) -> dict[str, Any]:
    """Return one entry of the JSON line."""
    return {
        "key": key,
        "figure": round(figure, 2),
        "unit": "s",
        "limit": round(limit, 2),
        "ratio": round(limit / figure, 3),
    }


def measure(quick: bool) -> list[dict[str, Any]]:
    """Return all results: on the whole data set, or with `quick` on a sixth of the households."""
    complete_journey.load(now=clock.now(), progress=silent, households=400 if quick else None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    first, again, limit = [], [], []
    for _turn in range(TURNS):
        CustomerProfile.objects.all().delete()
        limit.append(seconds(bare))
        first.append(seconds(build))
        again.append(seconds(build))
    clusters = seconds(lambda: cluster_customers(as_of=AS_OF, now=AS_OF))
    return [
        result("full_vs_sql", min(first), min(limit)),
        result("again_vs_first", min(again), min(first)),
        result("cluster_seconds", clusters, min(first)),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a sixth of the households")
    quick = parser.parse_args().quick
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_profiles"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with TemporaryDirectory() as folder:
            settings.ARTIFACTS = Path(folder)
            results = measure(quick)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "profiles", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
