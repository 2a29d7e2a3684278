"""The machine itself: workers, what waits for them, beat, and the last backup."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.jobs import kinds
from accounts.models import Job
from console.home.health.signs import Sign, ago, never, worst
from core.models import Heartbeat
from delivery.models import Message, MessageState, Run
from events.models import ChangeNote

#: As config.life and config.tasks write them; a test compares.
WORKER, WORKER_SILENT = "worker:", timedelta(seconds=35)
CANARY, CANARY_SILENT = "canary", timedelta(seconds=60)
BACKUP, BACKUP_OLD = "backup", timedelta(hours=36)
QUEUES = ("default", "ingest", "delivery", "training")
#: Work that waits for longer is late; training may wait for another training.
LATE = {"default": 5, "ingest": 5, "delivery": 15, "training": 120}  # minutes
_PATIENCE = 1  # second


def workers(now: datetime) -> Sign:
    """Say which workers live, and which queues nobody reads. One query."""
    rows = Heartbeat.objects.filter(name__startswith=WORKER).order_by("name")
    parts, read = [], set()
    for row in rows:
        queues = row.details.get("queues", [])
        age, stopped = now - row.at, row.details.get("stopped")
        alive = not stopped and age <= WORKER_SILENT
        read |= set(queues) if alive else set()
        name = row.name.removeprefix(WORKER)
        reads = ", ".join(queues)
        if alive:
            parts.append(Sign(name, "ok", _("at work: %(queues)s") % {"queues": reads}))
        elif stopped:
            parts.append(
                Sign(name, "warn", _("stopped %(ago)s: %(queues)s") % {"ago": ago(age), "queues": reads})
            )
        else:
            parts.append(
                Sign(
                    name,
                    "bad",
                    _("silent, last seen %(ago)s: %(queues)s") % {"ago": ago(age), "queues": reads},
                )
            )
    unread = [queue for queue in QUEUES if queue not in read]
    name = _("Workers")
    alive_ones = sum(part.state == "ok" for part in parts)
    if unread:
        text = (
            _("nobody reads: %(queues)s") % {"queues": ", ".join(unread)}
            if alive_ones
            else _("none is at work")
        )
        todo = _("Start a worker for it: manage.py up, or the container “worker”. What waits is not lost.")
        return Sign(name, "bad", text, todo, parts=tuple(parts))
    text = ngettext("%(n)d at work", "%(n)d at work", alive_ones) % {"n": alive_ones}
    # Who stopped or died while others read the same queues was replaced.
    return Sign(name, "ok", text, parts=tuple(parts))


def queues(now: datetime) -> Sign:
    """Say how much waits for each queue, and since when. Five small queries and one of Redis."""
    messages = _lengths()
    since = _waiting_since(now)
    parts = []
    for queue in QUEUES:
        waiting = None if messages is None else messages[queue]
        oldest = since.get(queue)
        late = oldest is not None and now - oldest > timedelta(minutes=LATE[queue])
        told = [] if waiting is None else [
            ngettext("%(n)d call", "%(n)d calls", waiting) % {"n": waiting}
        ]  # fmt: skip
        told.append(_("oldest work: %(ago)s") % {"ago": ago(now - oldest)} if oldest else _("nothing waits"))
        parts.append(Sign(queue, "bad" if late else "ok", ", ".join(told)))
    name = _("Queues")
    if messages is None:
        return Sign(
            name, "bad", _("Redis does not answer"),
            _("Start Redis again. Nothing is lost: what is due stands in PostgreSQL."), parts=tuple(parts),
        )  # fmt: skip
    oldest = min(since.values(), default=None)
    text = _("oldest work: %(ago)s") % {"ago": ago(now - oldest)} if oldest else _("nothing waits")
    state = worst(parts)
    todo = (
        _("Add workers for the queue that is late, or see below what holds it up.") if state == "bad" else ""
    )
    return Sign(name, state, text, todo, parts=tuple(parts))


def beat(now: datetime) -> Sign:
    """Say when beat's last call was done. One query."""
    last = Heartbeat.objects.filter(name=CANARY).values_list("at", flat=True).first()
    name = _("Beat")
    todo = _("Start beat: manage.py up, or the container “beat”. It takes up what it missed.")
    if last is None:
        return Sign(name, "warn", never(), todo)
    age = now - last
    text = _("last beat %(ago)s") % {"ago": ago(age)}
    return Sign(name, "ok", text) if age <= CANARY_SILENT else Sign(name, "bad", text, todo)


def backup(now: datetime) -> Sign:
    """Say when a backup was last told of. One query."""
    last = Heartbeat.objects.filter(name=BACKUP).values_list("at", flat=True).first()
    name = _("Backup")
    if last is None:
        return Sign(
            name, "unknown", _("not known"),
            _("Have your backup end with “manage.py backup_made”, and its age is shown here."),
        )  # fmt: skip
    text = _("made %(ago)s") % {"ago": ago(now - last)}
    if now - last <= BACKUP_OLD:
        return Sign(name, "ok", text)
    return Sign(name, "bad", text, _("Look why the backup did not run, and make one."))


def _waiting_since(now: datetime) -> dict[str, datetime]:
    """Return since when the oldest work of each queue waits, as PostgreSQL knows it."""
    found: dict[str, datetime | None] = {
        "delivery": Message.objects.filter(
            state=MessageState.PENDING, run__state=Run.State.RUNNING, due_at__lte=now
        ).aggregate(oldest=Min("due_at"))["oldest"],
        "default": ChangeNote.objects.aggregate(oldest=Min("at"))["oldest"],
    }
    for kind, at in Job.objects.filter(state=Job.State.QUEUED).values_list("kind", "created_at"):
        queue = _queue_of(kind)
        known = found.get(queue)
        found[queue] = min(known, at) if known else at
    return {queue: at for queue, at in found.items() if at is not None}


def _queue_of(kind: str) -> str:
    entry: Any = dict(kinds).get(kind)
    return entry.queue if entry else "default"


def _lengths() -> dict[str, int] | None:
    try:
        with _redis().pipeline(transaction=False) as pipe:
            for queue in QUEUES:
                pipe.llen(queue)
            return dict(zip(QUEUES, pipe.execute(), strict=True))
    except redis.RedisError:
        return None


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
    )
