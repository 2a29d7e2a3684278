"""Work in the background: jobs that people started, what beat does by itself, the figures of home."""

from datetime import datetime, timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Job
from campaigns.outcomes.daily.orders import CONSUMER
from console.home.health.signs import Sign, ago, never
from core.models import Heartbeat, PeriodicSlot

DAY = timedelta(days=1)
#: A running job whose worker has not shown life for so long stopped unexpectedly.
STALE = timedelta(seconds=60)
#: A nightly job that began and has not ended for so long died.
DEAD = timedelta(hours=2)
#: Home's figures are at most so old: beat brings them up to date every minute.
OLD = timedelta(minutes=15)


def jobs(now: datetime) -> Sign:
    """Say how many jobs failed or stopped in the last day. One query."""
    rows = Job.objects.filter(created_at__gte=now - DAY).order_by()
    counts = dict(rows.values_list("state").annotate(n=Count("pk")))
    failed = counts.get(Job.State.FAILED, 0)
    running = Job.objects.filter(state=Job.State.RUNNING)
    stopped = running.filter(heartbeat_at__lt=now - STALE).count()
    name, url = _("Jobs"), reverse("admin:accounts_job_changelist")
    if failed or stopped:
        told = []
        if failed:
            told.append(ngettext("%(n)d failed today", "%(n)d failed today", failed) % {"n": failed})
        if stopped:
            told.append(
                ngettext("%(n)d stopped unexpectedly", "%(n)d stopped unexpectedly", stopped) % {"n": stopped}
            )
        return Sign(
            name, "bad", ", ".join(told), _("Open the job: it says why. Start it again when that is mended."),
            f"{url}?state__exact={Job.State.FAILED if failed else Job.State.RUNNING}", _("See the jobs"),
        )  # fmt: skip
    at_work = counts.get(Job.State.RUNNING, 0)
    text = ngettext("%(n)d running", "%(n)d running", at_work) % {"n": at_work} if at_work else _("all done")
    return Sign(name, "ok", text)


def nightly(now: datetime) -> Sign:
    """Say which of the things that beat does began and did not end. One query."""
    left = PeriodicSlot.objects.filter(finished_at=None, started_at__lt=now - DEAD)
    names = sorted(set(left.filter(started_at__gte=now - 2 * DAY).values_list("job", flat=True)))
    name = _("By the schedule")
    if not names:
        return Sign(name, "ok", _("everything ended that began"))
    return Sign(
        name, "warn", _("did not end: %(jobs)s") % {"jobs": ", ".join(names)},
        _("The worker died or ran out of time; the next turn does it again. Its log says more."),
        reverse("admin:django_celery_beat_periodictask_changelist"), _("See the schedule"),
    )  # fmt: skip


def figures(now: datetime) -> Sign:
    """Say how old the figures of home are. One query."""
    last = Heartbeat.objects.filter(name=CONSUMER).values_list("at", flat=True).first()
    name = _("Daily figures")
    todo = _("Beat brings them up to date every minute; “manage.py add_up” does it now.")
    if last is None:
        return Sign(name, "warn", never(), todo)
    state = "ok" if now - last <= OLD else "warn"
    return Sign(name, state, _("as of %(ago)s") % {"ago": ago(now - last)}, "" if state == "ok" else todo)
