"""The draft campaign that somebody came from to another page, and the way back to it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from campaigns.actions import change_campaign
from campaigns.models import Campaign
from core import clock


def campaign_of(request: HttpRequest) -> Campaign | None:
    """Return the draft that the address names, for who may see campaigns. One query where it names one."""
    try:
        wanted = UUID(request.GET.get("campaign", ""))
    except ValueError:
        return None
    if not request.user.has_perm("campaigns.view_campaign"):
        return None
    drafts = Campaign.objects.filter(state=Campaign.State.DRAFT, archived_at=None)
    return drafts.filter(pk=wanted).first()


def query_of(campaign: Campaign | None) -> str:
    """Return the part of an address that keeps the draft in mind."""
    return f"?campaign={campaign.pk}" if campaign else ""


def taken_by(request: HttpRequest, changes: dict[str, Any], *, step: str) -> str:
    """Give the draft that somebody came from what they made; return the address of its step.

    Empty when they came from none, or may not change it. Raises as change_campaign.
    """
    campaign, user = campaign_of(request), request.user
    if campaign is None or not user.has_perm("campaigns.change_campaign"):
        return ""
    change_campaign(campaign, changes, version=None, user=user, now=clock.now())  # type: ignore[arg-type]
    return reverse("admin:campaign_plan", args=[campaign.pk, step])
