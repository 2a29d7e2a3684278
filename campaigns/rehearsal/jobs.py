"""Rehearsing as long work that a person can watch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.jobs import Progress, as_of
from accounts.models import User
from campaigns.actions.locking import RELATED
from campaigns.models import Campaign
from campaigns.rehearsal.services import rehearse


def run(parameters: Mapping[str, Any], now: datetime, progress: Progress) -> dict[str, Any]:
    """Rehearse a campaign: `campaign`, `as_of`, `user`, `actor`; the result is the rehearsal's id."""
    campaign = Campaign.objects.select_related(*RELATED).get(pk=parameters["campaign"])
    kept = rehearse(
        campaign,
        as_of=as_of(parameters),
        now=now,
        user=User.objects.filter(pk=parameters.get("user") or 0).first(),
        actor=parameters.get("actor", ""),
        progress=progress,
    )
    return {"rehearsal": str(kept.pk), "campaign": str(campaign.pk)}
