"""Whether a second person has to agree to a campaign, and whether one has."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from campaigns import audience
from campaigns.errors import ApprovalNeeded
from campaigns.models import Campaign
from campaigns.planning.fingerprint import fingerprint
from campaigns.planning.models import Approval, campaign_rules
from campaigns.preflight import mails
from campaigns.reach import measure

APPROVE = "campaigns.approve_campaign"


def is_approved(campaign: Campaign) -> bool:
    """Say whether somebody approved the plan as it is now."""
    return campaign.approval == Approval.APPROVED and campaign.approval_of == fingerprint(campaign)


def is_void(campaign: Campaign) -> bool:
    """Say whether the plan was changed since it was approved."""
    return campaign.approval == Approval.APPROVED and campaign.approval_of != fingerprint(campaign)


def needs_approval(
    campaign: Campaign,
    *,
    user: User | None,
    now: datetime,
    as_of: datetime,
    people: int | None = None,
) -> bool:
    """Say whether the shop's rules ask for a second person. One query, and the audience's count.

    `people` are those who would be written to, where that was counted already. A promotion that writes to
    nobody changes prices for everybody, so it always counts as above.
    """
    rules = campaign_rules()
    if rules.approval_above is None:
        return False
    if user is not None and not rules.approvers_too and user.has_perm(APPROVE):
        return False
    if rules.approval_above == 0 or not mails(campaign):
        return True
    if people is None:
        members = audience.members(campaign, as_of=as_of)
        people = measure(
            members, holdout_share=0, now=now, channel=campaign.channel, topic=campaign.topic
        ).would_get
    return people > rules.approval_above


def check_approval(campaign: Campaign, *, user: User | None, now: datetime, as_of: datetime) -> None:
    """Raise ApprovalNeeded when the shop's rules ask for a second person who has not agreed yet."""
    if is_approved(campaign) or not needs_approval(campaign, user=user, now=now, as_of=as_of):
        return
    if campaign.approval == Approval.ASKED:
        sentence = _("A second person has been asked to approve this campaign and has not decided yet.")
    elif campaign.approval == Approval.APPROVED:
        sentence = _("The campaign was changed after it was approved. Ask for approval again.")
    else:
        above = campaign_rules().approval_above or 0
        sentence = (
            ngettext(
                "A campaign to more than %(n)d person needs a second person's approval. Ask for it.",
                "A campaign to more than %(n)d people needs a second person's approval. Ask for it.",
                above,
            )
            % {"n": above}
            if above
            else _("Every campaign needs a second person's approval. Ask for it.")
        )
    raise ApprovalNeeded([sentence])


def waiting_for(user: User) -> QuerySet[Campaign]:
    """Return the drafts that wait for this person's decision, the oldest request first."""
    if not user.has_perm(APPROVE):
        return Campaign.objects.none()
    asked = Campaign.objects.filter(approval=Approval.ASKED, state=Campaign.State.DRAFT, archived_at=None)
    return (
        asked.exclude(approval_asked_by=user)
        .exclude(created_by=user)
        .select_related("approval_asked_by", "segment")
        .order_by("approval_asked_at")
    )


def approvers() -> QuerySet[User]:
    """Return who may approve, by name: so that a page can say whom it is waiting for."""
    app, code = APPROVE.split(".")
    right = Permission.objects.filter(content_type__app_label=app, codename=code)
    held = Q(groups__permissions__in=right) | Q(user_permissions__in=right) | Q(is_superuser=True)
    return User.objects.filter(held, is_active=True, is_staff=True).distinct().order_by("username")


def names(people: Iterable[User], most: int = 5) -> str:
    """Return some people's names in a row."""
    return ", ".join(person.get_full_name() or person.get_username() for person in list(people)[:most])
