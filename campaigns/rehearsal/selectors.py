"""What may be read of rehearsals: the newest, whether it still fits the plan, and how they held."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Job
from campaigns.models import Campaign
from campaigns.planning.fingerprint import fingerprint
from campaigns.rehearsal.models import Rehearsal

#: A job whose worker has shown no life for so long is not waited for.
SILENT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest rehearsal of a campaign; stale when the plan was changed since."""

    rehearsal: Rehearsal
    stale: bool


def newest(campaign: Campaign) -> Newest | None:
    """Return the newest rehearsal of a campaign. Two to four queries."""
    found = rehearsals_of(campaign).first()
    return Newest(found, found.fingerprint != fingerprint(campaign)) if found else None


def rehearsals_of(campaign: Campaign) -> QuerySet[Rehearsal]:
    """Return a campaign's rehearsals, the newest first."""
    return Rehearsal.objects.filter(campaign=campaign).select_related("created_by").order_by("-created_at")


def jobs_of(campaign: Campaign) -> QuerySet[Job]:
    """Return the jobs that rehearse a campaign, the newest first."""
    return Job.objects.filter(kind="rehearse", parameters__campaign=str(campaign.pk)).order_by("-created_at")


def going_on(campaign: Campaign, *, now: datetime) -> Job | None:
    """Return the job that is rehearsing a campaign, or waits for it. One query."""
    job = jobs_of(campaign).filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).first()
    if job is None or now - (job.heartbeat_at or job.created_at) > SILENT:
        return None
    return job
