"""Change a draft."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady, ChangedMeanwhile
from campaigns.models import Campaign

from .locking import locked
from .permission import require


@transaction.atomic
def change_campaign(
    campaign: Campaign,
    changes: Mapping[str, Any],
    *,
    version: int | None,
    user: User | None,
    now: datetime,
    actor: str = "",
) -> Campaign:
    """Store new values of a draft's fields, and raise its version when something is different.

    `version` is the one that was read, None to write over whatever there is. Raises PermissionDenied;
    ChangedMeanwhile; CampaignNotReady for what is no draft any more; django's ValidationError with a
    sentence per field.
    """
    require(user, "campaigns.change_campaign")
    campaign = locked(campaign.pk)
    if campaign.state != Campaign.State.DRAFT or campaign.archived_at is not None:
        raise CampaignNotReady([_("Only drafts can be changed. Make a copy of this campaign.")])
    if version is not None and campaign.version != version:
        raise ChangedMeanwhile(_("Somebody changed this campaign meanwhile. Reload to see it."))
    different = {name: value for name, value in changes.items() if getattr(campaign, name) != value}
    if not different:
        return campaign
    before = {name: _plain(getattr(campaign, name)) for name in different}
    for name, value in different.items():
        setattr(campaign, name, value)
    campaign.full_clean(exclude={f.name for f in Campaign._meta.fields} - different.keys())
    touch(campaign, now=now)
    campaign.save(update_fields=[*different, "version", "changed_at", "stopped_by"])
    audit.record(
        action="change_campaign", target=campaign, now=now, user=user, actor=actor,
        before=before, after={name: _plain(value) for name, value in different.items()},
    )  # fmt: skip
    return campaign


def touch(campaign: Campaign, *, now: datetime) -> None:
    """Note that a locked draft is another one now; the caller saves it."""
    campaign.version += 1
    campaign.changed_at, campaign.stopped_by = now, []


def _plain(value: Any) -> Any:
    """Return a value as the audit log keeps it."""
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value
