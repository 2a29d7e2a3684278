"""What is on its way to people: the outbox, runs that do not move, providers, the sender's domain."""

from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.home.health.signs import Sign, ago, worst
from delivery.deliverability.domain import sender_domain
from delivery.deliverability.models import DomainCheck
from delivery.models import Message, MessageState, Provider, Run

#: A due message of a running run may wait for so long.
LAG = timedelta(minutes=15)
#: The records asked after; bounces' MX stands on the page of deliverability.
RECORDS = ("SPF", "DKIM", "DMARC")


def outbox(now: datetime) -> Sign:
    """Say how many due messages wait, and which runs do not move. Two queries by the queue's index."""
    due = Message.objects.filter(state=MessageState.PENDING, run__state=Run.State.RUNNING, due_at__lte=now)
    rows = list(
        due.values("run_id", "run__channel").annotate(oldest=Min("due_at"), n=Count("pk")).order_by("oldest")
    )
    name = _("Outbox")
    if not rows:
        return Sign(name, "ok", _("nothing waiting"))
    total = sum(row["n"] for row in rows)
    text = ngettext("%(n)d message waiting", "%(n)d messages waiting", total) % {"n": total}
    parts = tuple(
        Sign(
            _("Sending by %(channel)s") % {"channel": row["run__channel"]},
            "bad" if now - row["oldest"] > LAG else "ok",
            ngettext("%(n)d waits since %(ago)s", "%(n)d wait, the oldest since %(ago)s", row["n"])
            % {"n": row["n"], "ago": ago(now - row["oldest"])},
            url=reverse("admin:delivery_run", args=[row["run_id"]]),
            button=_("Open"),
        )
        for row in rows[:5]
    )
    if worst(parts) != "bad":
        return Sign(name, "ok", text, parts=parts)
    todo = _("A sending does not move: look at its provider, then whether a worker reads “delivery”.")
    return Sign(name, "bad", text, todo, reverse("admin:delivery_runs"), _("See the sendings"), parts)


def uncertain() -> Sign:
    """Say how many messages wait for a person to decide. One query by the index of open ones."""
    runs = (
        Message.objects.filter(state=MessageState.UNCERTAIN)
        .order_by()
        .values("run_id")
        .annotate(n=Count("pk"))
    )
    total = sum(row["n"] for row in runs)
    name = _("Uncertain messages")
    if not total:
        return Sign(name, "ok", _("none"))
    return Sign(
        name, "warn", ngettext("%(n)d message", "%(n)d messages", total) % {"n": total},
        _("Nobody knows whether they went. Ask the provider's log, then send again or let be."),
        reverse("admin:delivery_unreached"), _("Decide"),
    )  # fmt: skip


def providers(now: datetime) -> Sign:
    """Say which providers are left alone, and until when. One query."""
    parts = []
    for provider in Provider.objects.filter(is_active=True).order_by("name"):
        if provider.breaker_state == Provider.Breaker.CLOSED:
            parts.append(Sign(provider.name, "ok", _("working")))
            continue
        minutes = (
            max(0, int((provider.breaker_until - now).total_seconds() // 60)) if provider.breaker_until else 0
        )
        text = _("left alone, tried again in %(minutes)d min: %(error)s") % {
            "minutes": minutes, "error": provider.last_error,
        }  # fmt: skip
        parts.append(Sign(provider.name, "bad", text))
    name = _("Providers")
    if not parts:
        return Sign(name, "ok", _("none of your own; what is built in sends"))
    broken = sum(part.state == "bad" for part in parts)
    if not broken:
        return Sign(
            name,
            "ok",
            ngettext("%(n)d working", "%(n)d working", len(parts)) % {"n": len(parts)},
            parts=tuple(parts),
        )
    return Sign(
        name, "bad", ngettext("%(n)d left alone", "%(n)d left alone", broken) % {"n": broken},
        _("Try the provider once; with others for the same channel, messages go by those."),
        reverse("admin:delivery_providers"), _("See the providers"), tuple(parts),
    )  # fmt: skip


def domain(now: datetime) -> Sign:
    """Say what the DNS said about the sender when it was last asked. One query."""
    name = _("Sending domain")
    url, button = reverse("admin:delivery_deliverability"), _("Check now")
    check = DomainCheck.objects.filter(pk=sender_domain()).first()
    if check is None:
        parts = tuple(Sign(record, "unknown", _("not checked yet")) for record in RECORDS)
        return Sign(
            name, "unknown", _("%(domain)s was not checked yet") % {"domain": sender_domain()},
            _("Mailbox providers ask for SPF, DKIM and DMARC first."), url, button, parts,
        )  # fmt: skip
    parts = tuple(
        Sign(f["what"], f["level"] or "unknown", f["sentence"], f["advice"])
        for f in check.findings
        if f["what"] in RECORDS
    )
    state = worst(parts)
    wrong = [part.name for part in parts if part.state in ("warn", "bad")]
    text = (
        _("%(domain)s: look at %(records)s")
        % {"domain": check.domain, "records": ", ".join(dict.fromkeys(wrong))}
        if wrong
        else _("%(domain)s: SPF, DKIM and DMARC, checked %(ago)s")
        % {"domain": check.domain, "ago": ago(now - check.checked_at)}
    )
    todo = next((part.todo for part in parts if part.state == state and part.todo), "")
    return Sign(name, state, text, todo, url, button, parts)
