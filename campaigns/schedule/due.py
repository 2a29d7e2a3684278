"""What beat does about schedules: launch what is due, end what is over. Any number may run at once."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Notice
from accounts.notices import tell
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.planning.approval import check_approval
from campaigns.preflight import mails, problems
from campaigns.promotions.models import Promotion
from campaigns.schedule.beginning import begin
from campaigns.schedule.models import Timing
from campaigns.schedule.sending import send
from campaigns.schedule.slots import latest_slot, slot_after
from core import clock

log = structlog.get_logger(__name__)
BEAT = "schedule"


def launch_due(*, now: datetime, as_of: datetime) -> int:
    """Launch every slot whose moment has come and return how many there were.

    The campaign's row is locked and moved on to its next slot in the launch's own transaction, and the run's
    unique launch is the slot's day: two beats, or one that died and came again, make one run. What cannot
    be launched is paused with the reason in the audit log, and keeps no other back.
    """
    due = Campaign.objects.filter(
        state__in=[Campaign.State.SCHEDULED, Campaign.State.RUNNING], next_at__lte=now
    ).order_by("next_at")
    return sum(
        _apart(pk, lambda campaign: _launch(campaign, as_of, now), now)
        for pk in list(due.values_list("pk", flat=True))
    )


def begin_due(*, now: datetime, as_of: datetime) -> int:
    """Begin what was put in order and not taken back, and return how many campaigns that were.

    The moment stands in the campaign's row, so it comes whatever became of the worker that was to begin it;
    the row's lock makes rivals begin it once. What is not in order any more is a draft again and says why.
    """
    due = Campaign.objects.filter(state=Campaign.State.SCHEDULED, undo_until__lte=now).order_by("undo_until")
    return sum(
        _apart(pk, lambda campaign: _begin(campaign, as_of, now), now)
        for pk in list(due.values_list("pk", flat=True))
    )


def end_over(*, now: datetime) -> int:
    """End the campaigns whose promotion, or whose last day, is over; return how many there were."""
    today = now.astimezone(clock.shop_zone()).date()
    over = Campaign.objects.filter(state__in=[Campaign.State.RUNNING, Campaign.State.PAUSED]).filter(
        Q(kind=Campaign.Kind.PROMOTION, promotion__ends_at__lte=now)
        | Q(timing=Timing.TRIGGERED, ends_on__lt=today)
    )
    return sum(
        _apart(pk, lambda campaign: _end(campaign, now), now)
        for pk in list(over.values_list("pk", flat=True))
    )


def _apart(pk: UUID, act: Callable[[Campaign], bool], now: datetime) -> bool:
    """Do it in a transaction of its own, unless a rival has the campaign."""
    related = (
        "segment", "trigger_segment", "content__template", "pool__promotion", "promotion", "experiment",
        "plan", "launched_by",
    )  # fmt: skip
    try:
        with transaction.atomic():
            rows = Campaign.objects.select_for_update(of=("self",), skip_locked=True)
            campaign = rows.select_related(*related).filter(pk=pk).first()
            return campaign is not None and act(campaign)
    except Exception:
        log.exception("campaign_not_moved", campaign=str(pk))  # the others go on; the next beat tries again
        return False


def _launch(campaign: Campaign, as_of: datetime, now: datetime) -> bool:
    states = (Campaign.State.SCHEDULED, Campaign.State.RUNNING)
    if campaign.state not in states or campaign.next_at is None or campaign.next_at > now:
        return False  # a rival was here
    if found := problems(campaign, now=now, launched=True):
        _note(campaign, "pause_campaign", Campaign.State.PAUSED, now, problems=found)
        return False
    slot = latest_slot(campaign, now=now)
    if campaign.kind == Campaign.Kind.PROMOTION and campaign.promotion is not None:
        Promotion.objects.filter(pk=campaign.promotion.pk).update(active=True)
    people = send(campaign, as_of=as_of, now=now, slot=slot).audience if mails(campaign) else 0
    following = slot_after(campaign, slot.day)
    campaign.next_day, campaign.next_at = (following.day, following.at) if following else (None, None)
    campaign.as_of = as_of
    campaign.save(update_fields=["next_day", "next_at", "as_of"])
    _note(campaign, "launch_slot", Campaign.State.RUNNING, now, slot=slot.day.isoformat(), audience=people)
    return True


def _begin(campaign: Campaign, as_of: datetime, now: datetime) -> bool:
    if campaign.state != Campaign.State.SCHEDULED or campaign.undo_until is None or campaign.undo_until > now:
        return False  # a rival was here, or it was taken back
    found = problems(campaign, now=now)
    if not found:
        try:
            check_approval(campaign, user=campaign.launched_by, now=now, as_of=as_of)
        except CampaignNotReady as refused:
            found = refused.problems
    if found:
        page = reverse("admin:campaign_plan", args=[campaign.pk, "review"])
        said = gettext_noop("“%(name)s” was not sent: it is not in order any more.")
        facts = {"name": campaign.name}
        tell([campaign.launched_by], Notice.Kind.RUN_PAUSED, said, page, now, facts=facts)
        campaign.undo_until, campaign.launched_by, campaign.stopped_by = None, None, found
        campaign.save(update_fields=["undo_until", "launched_by", "stopped_by"])
        _note(campaign, "stop_launch", Campaign.State.DRAFT, now, problems=found)
        return False
    before = campaign.state
    people = begin(campaign, as_of=as_of, now=now)
    audit.record(
        action="launch_campaign", target=campaign, now=now, user=campaign.launched_by,
        actor="" if campaign.launched_by else BEAT, before={"state": str(before)},
        after={"state": str(campaign.state), "timing": campaign.timing, "as_of": as_of.isoformat(),
               "audience": people},
    )  # fmt: skip
    return True


def _end(campaign: Campaign, now: datetime) -> bool:
    if campaign.state not in (Campaign.State.RUNNING, Campaign.State.PAUSED):
        return False
    campaign.finished_at, campaign.next_day, campaign.next_at = now, None, None
    campaign.save(update_fields=["finished_at", "next_day", "next_at"])
    _note(campaign, "end_campaign", Campaign.State.FINISHED, now)
    return True


def _note(campaign: Campaign, action: str, state: Campaign.State, now: datetime, **more: object) -> None:
    """Move the campaign to a state and write it into the audit log."""
    before, campaign.state = campaign.state, state
    campaign.save(update_fields=["state"])
    audit.record(
        action=action,
        target=campaign,
        now=now,
        actor=BEAT,
        before={"state": str(before)},
        after={"state": str(state), **more},
    )
