"""Hand a rehearsal to the workers, after the commit that stores its job."""

from datetime import datetime

from django.db import transaction

from accounts.dispatch import start_job
from accounts.models import Job, User
from campaigns.actions.permission import require
from campaigns.models import Campaign
from campaigns.rehearsal.selectors import going_on

KIND = "rehearse"


@transaction.atomic
def begin(
    campaign: Campaign,
    *,
    now: datetime,
    as_of: datetime,
    user: User | None = None,
    actor: str = "",
    result_url: str = "",
) -> Job:
    """Start the job that rehearses a campaign; one that is under way is answered instead.

    Raises PermissionDenied for who may not plan campaigns.
    """
    require(user, "campaigns.change_campaign")
    held = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if (job := going_on(held, now=now)) is not None:
        return job
    parameters = {"campaign": str(held.pk), "as_of": as_of.isoformat(), "actor": actor}
    if user is not None:
        parameters["user"] = str(user.pk)
    return start_job(KIND, now=now, user=user, parameters=parameters, result_url=result_url)
