"""What looking at a large test costs: `python -m benchmarks.experiments [--quick]`. Its last line is JSON.

analyse_1m_seconds  a look at a running test of two arms and a hold-out with 1,000,000 people (100,000 with
                    --quick), 60,000 orders in the window, 150,000 before it, and three metrics: share of
                    buyers, revenue with its capped twin and covariate, value of an order. Reading, sums,
                    judgement and storing; limit 5 s for the million
assign_1m_seconds   giving a million people their arms in one statement
"""

import argparse
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.measuring import peak_mb, result, seconds  # noqa: E402
from campaigns.experiments.live.looks import take_look  # noqa: E402
from campaigns.experiments.measures import metric  # noqa: E402
from campaigns.experiments.models import Metric  # noqa: E402
from campaigns.experiments.services import assign, create_experiment, start  # noqa: E402
from core import clock  # noqa: E402
from core.partitions import ensure_partitions, months_between  # noqa: E402

_PEOPLE = """
INSERT INTO customers_customer (external_id, email, phone, first_name, last_name, locale, time_zone, country,
    email_domain, birth_month_day, attributes, no_profiling, is_stub, own_id, created_at, updated_at)
SELECT 'x' || g, '', '', '', '', '', '', '', '', '', '{}'::jsonb, false, false, true, %s, %s
  FROM generate_series(1, %s) g
"""
# Orders fall on people by chance; values are log-normal-ish: many small ones, few large.
_ORDERS = """
INSERT INTO events_event (source, message_id, type, customer_id, order_id, quantity, amount, quality,
    occurred_at, received_at)
SELECT 'bench', 'b' || %s || g, 'purchase', 1 + ((g * 7919::bigint) %% %s), 'o' || %s || g, 1,
       round((exp(random() * 3 + random()))::numeric, 2), '', %s + random() * %s, now()
  FROM generate_series(1, %s) g
"""
_MET = """
INSERT INTO experiments_exposure (assignment_id, at, ghost)
SELECT id, at, variant_id IS NULL FROM experiments_assignment
"""


def measure(people: int) -> list[dict]:
    """Return the results of one test of so many people."""
    now = clock.now()
    began = now - timedelta(days=10)
    ensure_partitions("events_event", months_between(began - timedelta(days=95), now))
    experiment = create_experiment(
        key="large",
        name="Large",
        salt="large",
        variants=[{"key": "a", "name": "A", "is_control": True}, {"key": "b", "name": "B"}],
        holdout_share=0.1,
        window_days=7,
        now=began,
        metrics=[
            metric("conversion", Metric.Role.PRIMARY, 7),
            metric("revenue", Metric.Role.SECONDARY, 7),
            metric("order_value", Metric.Role.SECONDARY, 7),
        ],
    )
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [began, began, people])
        cursor.execute("SELECT min(id) FROM customers_customer")
        assert cursor.fetchone() == (1,)
        orders, before = people * 6 // 100, people * 15 // 100
        for name, count, since, over in (
            ("now", orders, began, timedelta(days=7)),
            ("then", before, began - timedelta(days=90), timedelta(days=90)),
        ):
            cursor.execute(_ORDERS, [name, people, name, since, over, count])
        cursor.execute("ANALYZE customers_customer")
    everybody = ("SELECT id AS customer_id FROM customers_customer", [])
    assigning = seconds(lambda: assign(experiment, query=everybody, now=began))
    start(experiment, began)
    with connection.cursor() as cursor:
        cursor.execute(_MET)
        cursor.execute("ANALYZE experiments_assignment, experiments_exposure, events_event")
    looking = seconds(lambda: take_look(experiment, as_of=now, now=now))
    look = experiment.snapshots.get()
    assert sum(v["n"] for v in look.results["variants"]) > 0.89 * people
    assert look.results["sample_ratio"]["clean"]
    print(f"{people:,} people, look in {looking:.2f} s, arms in {assigning:.2f} s", file=sys.stderr)
    return [
        result("analyse_1m_seconds", looking, "s", 5 * people / 1_000_000),
        result("assign_1m_seconds", assigning, "s", 15 * people / 1_000_000),
    ]


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the people")
    people = 100_000 if parser.parse_args().quick else 1_000_000
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_experiments"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(people)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    line = {"name": "experiments", "cores": cores, "peak_mb": round(peak_mb()), "results": results}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
