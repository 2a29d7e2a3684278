"""What tracking, signing and returns cost: `python -m benchmarks.returns [--quick]`.

Each figure stands beside what it is compared with in the same run: a mail's tracking beside its building,
our signature beside dkimpy's, a click beside a plain SELECT over HTTP's own path.
"""

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

import django  # noqa: E402

django.setup()

import dkim as peer  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from customers.models import Customer  # noqa: E402
from delivery.channels.base import Outgoing  # noqa: E402
from delivery.channels.email import dkim  # noqa: E402
from delivery.channels.email.mime import build  # noqa: E402
from delivery.models import Link, Message, Run, Touch  # noqa: E402
from delivery.returns import dsn, parts  # noqa: E402
from delivery.services import launch  # noqa: E402
from delivery.sources import Rendered, sources  # noqa: E402
from delivery.tracking.judge import judge  # noqa: E402
from delivery.tracking.rewrite import follow  # noqa: E402
from delivery.tracking.tokens import click_url  # noqa: E402

NOW = datetime.now(UTC)
BATCH = 200
LINKS = 20
ROW = '<tr><td style="padding:8px 24px"><a href="https://shop.example/p/{n}?a=1&amp;b=2">Tea</a></td></tr>'
ROWS = "".join(ROW.format(n=n) for n in range(LINKS))
HTML = f"<html><body><table>{ROWS}{'<p>filler text</p>' * 700}</table></body></html>"


def ms(act: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the milliseconds of one of several rounds, the median."""
    taken = []
    for _ in range(times):
        start = clock()
        act()
        taken.append((clock() - start) * 1000)
    return sorted(taken)[len(taken) // 2]


def main() -> None:
    """Measure in a database of its own, and print the figures."""
    rounds = 3 if "--quick" in sys.argv else 15
    results = []

    def told(key: str, figure: float, unit: str, limit: float) -> None:
        results.append(
            {
                "key": key,
                "figure": round(figure, 3),
                "unit": unit,
                "limit": limit,
                "ratio": round(figure / limit, 3),
            }
        )
        print(f"{key}: {figure:.3f} {unit} (limit {limit:.3f})", file=sys.stderr)

    logging.disable(logging.WARNING)  # each request would tell of itself
    settings.ALLOWED_HOSTS = ["*"]
    settings.TRACKING = True
    name = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = "benchmark_returns"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        _measure(told, rounds)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"name": "returns", "cores": os.cpu_count(), "peak_mb": peak, "results": results}))


def _measure(told: Callable[[str, float, str, float], None], rounds: int) -> None:
    Customer.objects.bulk_create(
        Customer(external_id=f"bench{n}", email=f"b{n}@demo.invalid", created_at=NOW, updated_at=NOW)
        for n in range(BATCH)
    )
    run = launch(
        source=next(name for name, _ in sources), reference="bench", channel="email", topic="marketing",
        audience=("SELECT id AS customer_id, false AS held_out, '{}'::jsonb AS context, %s AS due_at"
                  " FROM customers_customer WHERE external_id LIKE 'bench%%'", [NOW]),
        as_of=NOW, now=NOW,
    )  # fmt: skip
    Message.objects.filter(run=run).update(state="sent", sent_at=NOW - timedelta(hours=1))
    messages = list(Message.objects.filter(run=run).select_related("run"))
    content = Rendered(subject="Hello", html=HTML, text="Hello\n" * 50, from_email="a@shop.example")
    follow(run, [(messages[0], content)])
    mail = Outgoing(key=1, message_id="<1@shop.example>", address="b@demo.invalid", content=content,
                    unsubscribe_url="https://shop.example/u/x", date=NOW)  # fmt: skip
    settings.DKIM_KEYS = []
    plain = ms(lambda: build(mail), rounds * 4)
    told(
        "rewrite_ms",
        ms(lambda: follow(run, [(m, content) for m in messages]), rounds) / BATCH,
        "ms a mail",
        0.3,
    )
    print(f"building the same mail: {plain:.3f} ms", file=sys.stderr)
    raw = build(mail)
    for kind in ("rsa", "ed25519"):
        key = dkim.generate(kind)
        settings.DKIM_KEYS = [{"domain": "shop.example", "selector": kind, "key": dkim.pem(key).decode()}]
        figure = ms(lambda: dkim.signed(raw, "a@shop.example"), rounds * 4)
        if kind == "rsa":
            pem = dkim.pem(key)
            theirs = ms(
                partial(peer.sign, raw, b"r", b"shop.example", pem, canonicalize=(b"relaxed", b"relaxed")),
                rounds,
            )
            told("dkim_ms", figure, "ms a mail", theirs)
        else:
            print(f"dkim_ms with Ed25519: {figure:.3f} ms", file=sys.stderr)
    _touches(told, run, messages, rounds)
    report = (
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; a@b\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    told("report_ms", ms(lambda: dsn.parse(parts.read(report)), rounds * 10), "ms a report", 2.0)


def _touches(
    told: Callable[[str, float, str, float], None], run: Run, messages: list[Message], rounds: int
) -> None:
    client = Client(headers={"user-agent": "Mozilla/5.0 (iPhone) AppleWebKit"})
    link = Link.objects.filter(reference=str(run.pk)).first()
    assert link is not None
    path = click_url(messages[0], link.pk).removeprefix(str(settings.PUBLIC_URL).rstrip("/"))
    client.get(path)
    empty = ms(lambda: client.get("/t/c/x"), rounds * 4)
    click = ms(lambda: client.get(path), rounds * 4)
    print(f"a click: {click:.2f} ms, of which {empty:.2f} ms answer a link that is not ours", file=sys.stderr)
    told("click_ms", click - empty, "ms a click beyond the framework", 5.0)
    Touch.objects.all().delete()
    Touch.objects.bulk_create(
        Touch(
            kind="open",
            run_id=run.pk,
            message=m.pk,
            sent_at=m.sent_at,
            at=NOW + timedelta(minutes=k),
            network=f"n{k}",
        )
        for k in range(5)
        for m in messages
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE delivery_touch")
    start = time.perf_counter()
    judged = judge(now=NOW + timedelta(hours=1))
    told("judge_ms_per_1000", (time.perf_counter() - start) * 1e6 / judged, "ms", 500.0)


if __name__ == "__main__":
    main()
