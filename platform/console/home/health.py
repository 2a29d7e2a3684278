"""Whether the machine is well: in words and a colour."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Job
from core.models import Heartbeat
from delivery.models import Message, MessageState, Run

#: The canary comes every 15 s; see config.tasks.
_CANARY, _CANARY_AGE = "canary", timedelta(seconds=60)
_LAG = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sign:
    """One part's state: ok, warn or bad."""

    name: str
    state: str
    text: str


def signs(now: datetime) -> list[Sign]:
    """Return the state of workers, outbox and jobs. Three queries."""
    return [_workers(now), _outbox(now), _jobs(now)]


def _workers(now: datetime) -> Sign:
    last = Heartbeat.objects.filter(name=_CANARY).values_list("at", flat=True).first()
    name = _("Workers")
    if last is None:
        return Sign(name, "warn", _("none has shown life yet"))
    age = now - last
    if age > _CANARY_AGE:
        return Sign(
            name, "bad", _("silent for %(minutes)d min") % {"minutes": int(age.total_seconds() // 60)}
        )
    return Sign(name, "ok", _("at work"))


def _outbox(now: datetime) -> Sign:
    due = Message.objects.filter(
        state=MessageState.PENDING, run__state=Run.State.RUNNING, due_at__lte=now
    ).aggregate(oldest=Min("due_at"), waiting=Count("pk"))
    name = _("Outbox")
    if not due["waiting"]:
        return Sign(name, "ok", _("nothing waiting"))
    text = ngettext("%(n)d message waiting", "%(n)d messages waiting", due["waiting"]) % {"n": due["waiting"]}
    return Sign(name, "bad" if now - due["oldest"] > _LAG else "ok", text)


def _jobs(now: datetime) -> Sign:
    counts = dict(
        Job.objects.filter(created_at__gte=now - timedelta(days=1))
        .order_by()
        .values_list("state")
        .annotate(n=Count("pk"))
    )
    failed, running = counts.get(Job.State.FAILED, 0), counts.get(Job.State.RUNNING, 0)
    name = _("Jobs")
    if failed:
        return Sign(name, "bad", ngettext("%(n)d failed today", "%(n)d failed today", failed) % {"n": failed})
    if running:
        return Sign(name, "ok", ngettext("%(n)d running", "%(n)d running", running) % {"n": running})
    return Sign(name, "ok", _("all done"))
