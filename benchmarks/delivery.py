"""How much the outbox costs: `python -m benchmarks.delivery [--quick]`. Its last line is JSON.

path_vs_loop         messages a second through the whole path, and through a loop that renders, builds
                     and sends the same messages over one connection without the outbox, by the same
                     writer and connection of ours
path_vs_django       the same against a loop of Django's own message and kept SMTP connection
sink_mails           mails a second into the built-in sink, which stores each before it confirms
freeze_200k_seconds  freezing an audience of 200,000
growth               cost of a message in a run of 500,000 rows and in one of 10,000 (not with --quick)
worker_mb            peak memory of a Celery worker process that sent a whole run
dkim_ms, click_ms    signing a mail, answering a click: by benchmarks.returns, in a process of its own
vs_post_office       the whole path from the audience to the last mail, and django-post-office doing the
                     same with as many processes (see benchmarks/peers/post_office.txt; left out without it)
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from multiprocessing.pool import Pool
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

import psutil  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.delivery_source import HTML, NAME, TEXT, register, render  # noqa: E402
from benchmarks.measuring import peak_mb, result  # noqa: E402
from core import clock  # noqa: E402
from customers.models import Channel, Consent, Customer  # noqa: E402
from delivery import dispatch  # noqa: E402
from delivery.channels.base import Outgoing, Verdict  # noqa: E402
from delivery.channels.email.smtp import SmtpConnection  # noqa: E402
from delivery.models import Message, Run  # noqa: E402
from delivery.outbox.policy import DEFAULT  # noqa: E402
from delivery.outbox.send import deliver  # noqa: E402
from delivery.services import launch  # noqa: E402

PEER = Path("var/peers/post_office/bin/python")
#: Processes that send at the same time, in `vs_post_office` on both sides.
PROCESSES = 2


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
        source=NAME,
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


@contextmanager
def standing_by() -> Iterator[Pool]:
    """Start the processes that deliver and keep them, as Celery keeps its own."""
    connection.close()
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        yield pool
        pool.close()
        pool.join()


def whole_seconds(workers: Pool, reference: str, people: list[Customer], now: datetime) -> float:
    """Freeze an audience, let all processes deliver it, and return the seconds a message took."""
    start = time.perf_counter()
    run = run_of(reference, people, now)
    workers.map(_deliver, [run.id] * PROCESSES, chunksize=1)
    seconds = time.perf_counter() - start
    if Message.objects.filter(run=run, state="sent").count() != len(people):
        raise SystemExit("The run was not delivered.")
    return seconds / len(people)


def _deliver(run_id: UUID) -> None:
    deliver(run_id, clock=clock.now)


def post_office_seconds(count: int) -> float:
    """Return the seconds a message takes django-post-office, at the better one of two shapes."""
    database = connection.settings_dict
    name = "benchmark_post_office"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    best = []
    try:
        for threads in (1, 5):
            ask = {
                "database": {k.lower(): database[k] for k in ("HOST", "PORT", "USER", "PASSWORD")}
                | {"name": name},
                "smtp": settings.EMAIL_PORT, "count": count, "processes": PROCESSES, "threads": threads,
                "html": HTML, "text": TEXT, "rounds": 2,
            }  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")
                cursor.execute(f"CREATE DATABASE {name}")
            done = subprocess.run(
                [PEER, "benchmarks/peers/post_office_job.py"],
                input=json.dumps(ask) + "\n", capture_output=True, text=True, cwd=ROOT, check=False,
            )  # fmt: skip
            if done.returncode:
                raise SystemExit(done.stderr)
            best.append(float(done.stdout.splitlines()[-1]))
            print(f"post office, {threads} threads: {1 / best[-1]:.0f} mails/s", file=sys.stderr)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    return min(best)


def worker_mb(people: list[Customer], now: datetime) -> float:
    """Start a Celery worker as `manage.py up` does, let it send a run, and return its largest peak."""
    database = connection.settings_dict
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "benchmarks.delivery_worker", "--quiet", "worker"),
            *("-Q", "delivery", "-c", "2", "--without-gossip", "--without-mingle"),
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
            "REDIS_URL": settings.REDIS_URL,
            "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        },
    )
    try:
        run = run_of("worker", people, now)
        dispatch.wake(run.id)
        deadline = time.monotonic() + 180
        while not Run.objects.filter(pk=run.id, state="finished").exists():
            if time.monotonic() > deadline or worker.poll() is not None:
                raise SystemExit("The worker did not send its run.")
            time.sleep(0.2)
        family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
        return max(_peak_kb(process.pid) for process in family) / 1024
    finally:
        worker.terminate()
        worker.wait()


def _peak_kb(pid: int) -> int:
    """Return the most memory a process ever held, what it shares with others included (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


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


def django_seconds(people: list[Customer], now: datetime) -> float:
    """Render and send to the same people by what Django offers, over one kept connection."""
    start = time.perf_counter()
    with get_connection("django.core.mail.backends.smtp.EmailBackend") as smtp:
        for person in people:
            content = render(person.pk)
            mail = EmailMultiAlternatives(
                content.subject, content.text, content.from_email, [person.email],
                headers={
                    "Date": format_datetime(now),
                    "Message-ID": f"<{person.pk}@example.com>",
                    "List-Unsubscribe": f"<http://127.0.0.1:8000/u/{person.pk:075d}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
            )  # fmt: skip
            mail.attach_alternative(content.html, "text/html")
            if smtp.send_messages([mail]) != 1:
                raise SystemExit("A mail was not sent.")
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
    register()
    settings.DKIM_KEYS = []  # signing is measured apart
    now = clock.now()
    people = make_people(1000 if quick else 3000, now)
    results = []

    with smtp_process("-m", "benchmarks.blackhole"):
        loop_seconds(people[:200], now)
        path_seconds(run_of("warm", people[:200], now))
        rounds = []
        for i in range(3):  # one after the other, so that a slow moment of the machine meets both
            path = path_seconds(run_of(f"path{i}", people, now))
            rounds.append((path, loop_seconds(people, now), django_seconds(people, now)))
        path, loop, theirs = (min(times) for times in zip(*rounds, strict=True))
        results.append(result("path_vs_loop", 1 / path, "messages/s", 1 / loop))
        results.append(result("path_vs_django", 1 / path, "messages/s", 1 / theirs))
        if not quick:
            small = path_seconds(run_of("small", people, now, others=10_000))
            large = path_seconds(run_of("large", people, now, others=500_000))
            results.append(result("growth", large * 1000, "ms/message", small * 1000))

        results.append(result("worker_mb", worker_mb(people, now), "MB", 250))

    if PEER.exists():
        # A sink that costs next to nothing: what is compared are the senders.
        with smtp_process("-m", "benchmarks.blackhole", "--bare"), standing_by() as workers:
            whole_seconds(workers, "warm-whole", people[: 2 * PROCESSES * DEFAULT.batch], now)
            ours = [whole_seconds(workers, f"whole{i}", people, now) for i in range(2)]
            theirs = post_office_seconds(len(people))
            ours.append(whole_seconds(workers, "whole-after", people, now))
            results.append(result("vs_post_office", 1 / min(ours), "messages/s", 1 / theirs))

    with smtp_process("manage.py", "mailsink", "--port", "0"):
        results.append(result("sink_mails", sink_rate(people, now), "mails/s", 300))

    start = time.perf_counter()
    everyone = "SELECT g AS customer_id, false AS held_out, '{}'::jsonb AS context, %s AS due_at"
    freeze("freeze", f"{everyone} FROM generate_series(1, 200000) g", [now], now)
    results.append(result("freeze_200k_seconds", time.perf_counter() - start, "s", 15))
    return results + beside(quick)


def beside(quick: bool) -> list[dict]:
    """Return what signing and clicks cost."""
    command = [sys.executable, "-m", "benchmarks.returns", *(["--quick"] if quick else [])]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])["results"]
    return [entry for entry in found if entry["key"] in ("dkim_ms", "click_ms")]


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
