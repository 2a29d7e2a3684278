"""Hand imports to the workers, after the commit that moves them."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.dispatch import start_job
from accounts.models import Job
from integrations.models import BUSY, ImportRun, ImportState
from integrations.services import Who, begin

_JOBS = {"check": "import_check", "run": "import_file", "undo": "import_undo"}
_BY_STATE = {
    ImportState.CHECKING: "import_check",
    ImportState.RUNNING: "import_file",
    ImportState.UNDOING: "import_undo",
}
#: A worker that has shown no life for so long is gone.
SILENT = timedelta(minutes=2)


def start(run: ImportRun, verb: str, *, now: datetime, who: Who) -> Job:
    """Check, run or undo an import in a worker. Raises WrongState or BadMapping."""
    with transaction.atomic():
        begin(run, verb, now=now, who=who)
        job = start_job(_JOBS[verb], now=now, user=who.user, parameters={"import": run.pk})
        ImportRun.objects.filter(pk=run.pk).update(job=job)
    run.refresh_from_db()
    return job


def go_on(run: ImportRun, *, now: datetime) -> Job | None:
    """Give an import that is under way to a further job, unless somebody has done so already."""
    with transaction.atomic():
        current = ImportRun.objects.select_for_update().get(pk=run.pk)
        if current.job_id != run.job_id or current.state not in _BY_STATE:
            return None
        user = current.started_by
        job = start_job(
            _BY_STATE[ImportState(current.state)], now=now, user=user, parameters={"import": run.pk}
        )
        ImportRun.objects.filter(pk=run.pk).update(job=job)
        return job


def take_up_silent(now: datetime) -> int:
    """Go on with imports whose worker has died without anybody noticing. Return how many."""
    count = 0
    for run in ImportRun.objects.filter(state__in=BUSY).exclude(file="").select_related("job"):
        job = run.job
        alive = job and (job.heartbeat_at or job.started_at or job.created_at)
        if job is None or job.state in (Job.State.FAILED, Job.State.CANCELLED, Job.State.DONE):
            silent = alive is None or now - alive > SILENT
        else:
            silent = job.state == Job.State.RUNNING and alive is not None and now - alive > SILENT
        if silent and go_on(run, now=now):
            count += 1
    return count
