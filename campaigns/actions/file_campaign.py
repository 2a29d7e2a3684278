"""Keep the list of campaigns in order: copies, the archive, and drafts that are thrown away."""

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from campaigns.errors import CampaignNotReady
from campaigns.experiments.models import Experiment
from campaigns.experiments.services import copy_experiment
from campaigns.models import Campaign
from campaigns.planning.fingerprint import PLANNED

from .create_campaign import create_campaign
from .locking import locked
from .permission import require


def free_slug(name: str) -> str:
    """Return a short name that no campaign has."""
    stem = slugify(name)[:80] or "campaign"
    taken = set(Campaign.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    if stem not in taken:
        return stem
    return next(slug for number in range(2, len(taken) + 3) if (slug := f"{stem}-{number}") not in taken)


@transaction.atomic
def clone_campaign(
    campaign: Campaign, *, user: User | None, now: datetime, reminds: bool = False, actor: str = ""
) -> Campaign:
    """Make a draft that says the same, with a test of its own. A day that has passed is left open.

    One that `reminds` shows everybody the code that they were given, and leaves out who used it. A plan of
    offers belongs to one campaign, so the copy has none.
    """
    require(user, "campaigns.add_campaign")
    fields = {name: getattr(campaign, name) for name in PLANNED if name != "plan_id"}
    if campaign.on_day is not None and campaign.on_day <= now.date():
        fields["on_day"] = None
    if campaign.ends_on is not None and campaign.ends_on <= now.date():
        fields["ends_on"] = None
    test = campaign.experiment
    name = (_("%(name)s (reminder)") if reminds else _("%(name)s (copy)")) % {"name": campaign.name[:135]}
    if reminds:
        if campaign.pool_id is None:
            raise CampaignNotReady([_("This campaign gave out no codes of a pool. Make a copy of it.")])
        fields["codes_of_id"] = campaign.codes_of_id or campaign.pk
    copy = create_campaign(
        user=user, now=now, actor=actor, slug=free_slug(name), name=name, ready_made=campaign.ready_made,
        experiment=copy_experiment(test, now) if test and test.kind == Experiment.Kind.LIVE else None,
        **fields,
    )  # fmt: skip
    audit.record(
        action="clone_campaign", target=copy, now=now, user=user, actor=actor, after={"from": campaign.slug}
    )
    return copy


@transaction.atomic
def archive_campaign(
    campaign: Campaign, *, archived: bool, user: User | None, now: datetime, actor: str = ""
) -> Campaign:
    """Take a campaign out of the list, or bring it back. What is under way stays in it.

    Raises PermissionDenied or CampaignNotReady.
    """
    require(user, "campaigns.change_campaign")
    campaign = locked(campaign.pk)
    open_states = (Campaign.State.SCHEDULED, Campaign.State.RUNNING, Campaign.State.PAUSED)
    if archived and campaign.state in open_states:
        raise CampaignNotReady([_("The campaign is under way. Cancel the rest of it first.")])
    if (campaign.archived_at is not None) == archived:
        return campaign
    campaign.archived_at = now if archived else None
    campaign.save(update_fields=["archived_at"])
    action = "archive_campaign" if archived else "unarchive_campaign"
    audit.record(action=action, target=campaign, now=now, user=user, actor=actor)
    return campaign


@transaction.atomic
def delete_campaign(campaign: Campaign, *, user: User | None, now: datetime, actor: str = "") -> None:
    """Throw a draft away, with the test that only it had. What was launched is a fact, and is archived.

    Raises PermissionDenied or CampaignNotReady.
    """
    require(user, "campaigns.delete_campaign")
    campaign = locked(campaign.pk)
    if campaign.state != Campaign.State.DRAFT:
        raise CampaignNotReady([_("Only drafts can be deleted. Put this campaign into the archive.")])
    audit.record(action="delete_campaign", target=campaign, now=now, user=user, actor=actor)
    test = campaign.experiment
    campaign.delete()
    if test is not None and test.state == Experiment.State.DRAFT and not test.assignments.exists():
        test.delete()
