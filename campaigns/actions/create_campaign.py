"""Plan a campaign."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from campaigns.models import Campaign

from .permission import require


@transaction.atomic
def create_campaign(*, user: User | None, now: datetime, actor: str = "", **fields: Any) -> Campaign:
    """Store a draft from the model's fields. Drafts may be incomplete; launching checks them.

    Raises PermissionDenied, or django's ValidationError with a sentence per field.
    """
    require(user, "campaigns.add_campaign")
    campaign = Campaign(created_by=user, created_at=now, **fields)
    campaign.full_clean()
    campaign.save(force_insert=True)
    audit.record(
        action="create_campaign",
        target=campaign,
        now=now,
        user=user,
        actor=actor,
        after={"slug": campaign.slug, "kind": campaign.kind},
    )
    return campaign
