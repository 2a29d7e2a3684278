"""A second person's part: asked, approved, or sent back."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from accounts import audit, notices
from accounts.models import Notice, User
from campaigns.errors import CampaignNotReady, ChangedMeanwhile
from campaigns.models import Campaign
from campaigns.planning.approval import APPROVE
from campaigns.planning.fingerprint import fingerprint
from campaigns.planning.models import Approval
from campaigns.preflight import problems

from .locking import locked
from .permission import require


@transaction.atomic
def ask_for_approval(campaign: Campaign, *, user: User, now: datetime, note: str = "") -> Campaign:
    """Ask a second person to look at a plan that could be launched.

    Raises PermissionDenied, or CampaignNotReady with what has to be mended first.
    """
    require(user, "campaigns.change_campaign")
    campaign = _draft(campaign)
    if found := problems(campaign, now=now):
        raise CampaignNotReady(found)
    campaign.approval, campaign.approval_of = Approval.ASKED, fingerprint(campaign)
    campaign.approval_asked_by, campaign.approval_asked_at = user, now
    campaign.approval_note, campaign.approval_reason = note.strip()[:500], ""
    campaign.approval_by = campaign.approval_at = None
    _stored(campaign, "ask_for_approval", user, now, note=campaign.approval_note)
    others = [person for person in notices.holders(APPROVE) if not is_own(campaign, person)]
    _tell(others, Notice.Kind.APPROVAL_ASKED, noop("“%(name)s” waits for your approval."), campaign, now)
    return campaign


@transaction.atomic
def approve_campaign(
    campaign: Campaign, *, user: User, now: datetime, version: int | None = None
) -> Campaign:
    """Agree to the plan as it is now; whatever changes it voids that.

    `version` is what the person looked at. Raises PermissionDenied, also for an own campaign;
    ChangedMeanwhile; or CampaignNotReady when nobody asked.
    """
    campaign = _for_decision(campaign, user)
    if version is not None and campaign.version != version:
        raise ChangedMeanwhile(_("The campaign was changed while you looked at it. Look at it again."))
    campaign.approval, campaign.approval_of = Approval.APPROVED, fingerprint(campaign)
    campaign.approval_by, campaign.approval_at, campaign.approval_reason = user, now, ""
    _stored(campaign, "approve_campaign", user, now, fingerprint=campaign.approval_of[:16])
    _tell_author(campaign, noop("“%(name)s” is approved: it can be sent."), now)
    return campaign


@transaction.atomic
def send_back(campaign: Campaign, *, user: User, now: datetime, reason: str) -> Campaign:
    """Refuse, with a reason for the author. Raises as approve_campaign, and without a reason."""
    campaign = _for_decision(campaign, user)
    reason = " ".join(reason.split())[:500]
    if not reason:
        raise CampaignNotReady([_("Say why, so that it can be mended.")])
    campaign.approval, campaign.approval_of, campaign.approval_reason = Approval.SENT_BACK, "", reason
    campaign.approval_by, campaign.approval_at = user, now
    _stored(campaign, "send_back_campaign", user, now, reason=reason)
    _tell_author(campaign, noop("“%(name)s” was sent back with a reason."), now)
    return campaign


def _tell_author(campaign: Campaign, title: str, now: datetime) -> None:
    author = campaign.approval_asked_by
    _tell([author] if author else [], Notice.Kind.APPROVAL_DECIDED, title, campaign, now)


def _tell(to: list[User], kind: Notice.Kind, title: str, campaign: Campaign, now: datetime) -> None:
    url, facts = f"/admin/campaigns/{campaign.pk}/plan/review/", {"name": campaign.name}
    notices.tell(to, kind, title, url, now, facts=facts, key=f"{kind}:{campaign.pk}:{now.isoformat()}")


def is_own(campaign: Campaign, user: User) -> bool:
    """Say whether somebody planned a campaign or asked for its approval."""
    return user.pk in (campaign.created_by_id, campaign.approval_asked_by_id)


def _draft(campaign: Campaign) -> Campaign:
    campaign = locked(campaign.pk)
    if campaign.state != Campaign.State.DRAFT:
        raise CampaignNotReady([_("Only a draft is approved; this campaign is under way.")])
    return campaign


def _for_decision(campaign: Campaign, user: User) -> Campaign:
    require(user, APPROVE)
    campaign = _draft(campaign)
    if is_own(campaign, user):
        raise PermissionDenied(_("Nobody approves a campaign of their own. Ask a colleague."))
    if campaign.approval != Approval.ASKED:
        raise CampaignNotReady([_("Nobody asks for approval of this campaign now.")])
    return campaign


def _stored(campaign: Campaign, action: str, user: User, now: datetime, **after: Any) -> Campaign:
    campaign.save(
        update_fields=[
            "approval",
            "approval_of",
            "approval_note",
            "approval_asked_by",
            "approval_asked_at",
            "approval_reason",
            "approval_by",
            "approval_at",
        ]
    )
    audit.record(action=action, target=campaign, now=now, user=user, after=after)
    return campaign
