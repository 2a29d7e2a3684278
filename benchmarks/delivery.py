"""How much the outbox costs: `python -m benchmarks.delivery [--quick]`. Its last line is JSON.

path_vs_loop         messages a second through the whole path, and through a loop that renders, builds
                     and sends the same messages over one connection without the outbox
sink_mails           mails a second into the built-in sink, which stores each before it confirms
freeze_200k_seconds  freezing an audience of 200,000
growth               cost of a message in a run of 500,000 rows and in one of 10,000 (not with --quick)
worker_mb            peak memory of this process, which did all the sending
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from core import clock  # noqa: E402
from customers.models import Channel, Consent, Customer  # noqa: E402
from delivery.channels.base import Outgoing, Verdict  # noqa: E402
from delivery.channels.email.smtp import SmtpConnection  # noqa: E402
from delivery.models import Message, Run  # noqa: E402
from delivery.outbox.send import deliver  # noqa: E402
from delivery.services import launch  # noqa: E402
from delivery.sources import Rendered, sources  # noqa: E402

PARAGRAPH = "<p>Dear {name}, this week we have something for you that goes well with what you like.</p>\n"
HTML = "<html><body>" + PARAGRAPH * 60 + "</body></html>"


def render(customer_id: int) -> Rendered:
    """Return about 6 kB of mail."""
    name = f"customer {customer_id}"
    return Rendered(
        to="",
        subject=f"For you, {name}",
        html=HTML.format(name=name),
        text=f"Dear {name}, this week we have something for you.",
        from_email="Shop <shop@example.com>",
    )


class BenchmarkSource:
    """Says something to everyone."""

    def render(self, run, messages, now):
        """Render each."""
        return {m.id: (render(m.customer_id), m.context) for m in messages}

    def finished(self, run, now):
        """Nothing follows."""


@contextmanager
def smtp_process(*command: str) -> Iterator[None]:
    """Start a mail server that prints its port, and let mail go there."""
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    env = os.environ | {"DATABASE_URL": url, "REDIS_URL": settings.CELERY_BROKER_URL}
    server = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        settings.EMAIL_HOST, settings.EMAIL_PORT = (
            "127.0.0.1",
            int(server.stdout.readline().rpartition(":")[2]),
        )
        yield
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def make_people(count: int, now: datetime) -> list[Customer]:
    """Create customers who agreed."""
    people = Customer.objects.bulk_create(
        Customer(external_id=f"b{i}", email=f"b{i}@demo.invalid", created_at=now, updated_at=now)
        for i in range(count)
    )
    Consent.objects.bulk_create(
        Consent(customer=c, channel=Channel.EMAIL, topic="marketing", granted=True, since=now) for c in people
    )
    return people


def freeze(reference: str, sql: str, params: list, now: datetime) -> Run:
    """Launch a run of the benchmark's source."""
    return launch(
        source="benchmark",
        reference=reference,
        channel="email",
        topic="marketing",
        audience=(sql, params),
        as_of=now,
        now=now,
    )


def run_of(reference: str, people: list[Customer], now: datetime, others: int = 0) -> Run:
    """Freeze a run of these people, first in the queue, and of further rows that are not due yet."""
    sql = (
        "SELECT id AS customer_id, false AS held_out, '{}'::jsonb AS context, %s AS due_at"
        " FROM customers_customer WHERE id = ANY(%s)"
        " UNION ALL SELECT g + 1000000000, false, '{}'::jsonb, %s FROM generate_series(1, %s) g"
    )
    return freeze(reference, sql, [now, [p.pk for p in people], now + timedelta(days=1), others], now)


def path_seconds(run: Run) -> float:
    """Deliver a run and return the seconds it took."""
    start = time.perf_counter()
    sent = deliver(run.id, clock=clock.now)
    seconds = time.perf_counter() - start
    if sent != Message.objects.filter(run=run, state="sent").count() or not sent:
        raise SystemExit("The run was not delivered.")
    return seconds / sent


def loop_seconds(people: list[Customer], now: datetime) -> float:
    """Render, build and send to the same people over one connection, and do nothing else."""
    start = time.perf_counter()
    with SmtpConnection() as smtp:
        for person in people:
            mail = Outgoing(
                key=person.pk,
                message_id=f"<{person.pk}@example.com>",
                address=person.email,
                content=render(person.pk),
                unsubscribe_url=f"http://127.0.0.1:8000/u/{person.pk:075d}",
                date=now,
            )
            [outcome] = smtp.send([mail])
            if outcome.verdict is not Verdict.SENT:
                raise SystemExit(outcome.error)
    return (time.perf_counter() - start) / len(people)


def sink_rate(people: list[Customer], now: datetime, connections: int = 4) -> float:
    """Return the mails a second that the built-in sink stores, over several connections."""
    start = time.perf_counter()
    parts = [people[i::connections] for i in range(connections)]
    threads = [threading.Thread(target=loop_seconds, args=(part, now)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(people) / (time.perf_counter() - start)


def measure(quick: bool) -> list[dict]:
    """Return all results."""
    sources.add("benchmark", BenchmarkSource())
    now = clock.now()
    people = make_people(1000 if quick else 3000, now)
    results = []

    with smtp_process("-m", "benchmarks.blackhole"):
        loop_seconds(people[:200], now)
        path_seconds(run_of("warm", people[:200], now))
        rounds = []
        for i in range(3):  # one after the other, so that a slow moment of the machine meets both
            rounds.append((path_seconds(run_of(f"path{i}", people, now)), loop_seconds(people, now)))
        path, loop = (min(times) for times in zip(*rounds, strict=True))
        results.append(result("path_vs_loop", 1 / path, "messages/s", 1 / loop))
        if not quick:
            small = path_seconds(run_of("small", people, now, others=10_000))
            large = path_seconds(run_of("large", people, now, others=500_000))
            results.append(result("growth", large * 1000, "ms/message", small * 1000))

    with smtp_process("manage.py", "mailsink", "--port", "0"):
        results.append(result("sink_mails", sink_rate(people, now), "mails/s", 300))

    start = time.perf_counter()
    everyone = "SELECT g AS customer_id, false AS held_out, '{}'::jsonb AS context, %s AS due_at"
    freeze("freeze", f"{everyone} FROM generate_series(1, 200000) g", [now], now)
    results.append(result("freeze_200k_seconds", time.perf_counter() - start, "s", 15))
    results.append(result("worker_mb", peak_mb(), "MB", 250))
    return results


def result(key: str, figure: float, unit: str, limit: float) -> dict:
    """Return one entry of the JSON line."""
    return {
        "key": key,
        "figure": round(figure, 3),
        "unit": unit,
        "limit": round(limit, 3),
        "ratio": round(figure / limit, 3),
    }


def peak_mb() -> float:
    """Return this process's peak memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure in a database of its own, which is dropped afterwards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer messages, without growth")
    quick = parser.parse_args().quick
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_delivery"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        results = measure(quick)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    cores = len(os.sched_getaffinity(0))
    print(json.dumps({"name": "delivery", "cores": cores, "peak_mb": round(peak_mb()), "results": results}))


if __name__ == "__main__":
    main()
