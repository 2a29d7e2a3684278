"""What must be in order before a campaign goes out."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.content.blocks import parse_blocks
from campaigns.content.brand import brand_kit
from campaigns.content.models import Medium
from campaigns.content.readiness import obstacles
from campaigns.content.rendering import needs
from campaigns.content.text import short_text
from campaigns.coupons.selectors import stock
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from campaigns.schedule.preflight import schedule_problems
from campaigns.targeting.models import OfferPlan
from campaigns.targeting.selectors import needed
from customers.models import Channel


def mails(campaign: Campaign) -> bool:
    """Say whether the campaign writes to people; a promotion does when it is announced."""
    return campaign.kind != Campaign.Kind.PROMOTION or campaign.content_id is not None


def problems(campaign: Campaign, *, now: datetime, launched: bool = False) -> list[str]:
    """Return what stands in the way of a launch, each with what to do. Empty when all is well.

    A slot of a campaign that was `launched` long ago is not asked about its schedule again.
    """
    found = [] if launched else schedule_problems(campaign, now=now)
    if campaign.timing == Timing.TRIGGERED and not mails(campaign):
        found.append(_("A promotion without content writes to nobody. Choose the content of the mail."))
    if campaign.kind == Campaign.Kind.PROMOTION:
        found += _promotion_problems(campaign, now)
    if campaign.plan is not None:
        found += _plan_problems(campaign, campaign.plan, now)
    elif campaign.kind == Campaign.Kind.COUPON and campaign.pool is None:
        found.append(_("Choose the coupon pool that the codes come from."))
    if mails(campaign):
        found += _mail_problems(campaign, launched=launched)
    return found


def _promotion_problems(campaign: Campaign, now: datetime) -> list[str]:
    promotion = campaign.promotion
    if promotion is None:
        return [_("Choose the promotion to switch on.")]
    if promotion.ends_at and promotion.ends_at <= now:
        return [_("The promotion is over. Give it a later end.")]
    return []


def _plan_problems(campaign: Campaign, plan: OfferPlan, now: datetime) -> list[str]:
    found = []
    if campaign.kind != Campaign.Kind.COUPON or campaign.pool is not None:
        found.append(_("A plan gives codes of its own pools. Make it a coupon campaign without a pool."))
    if campaign.timing not in (Timing.NOW, Timing.AT):
        found.append(_("An offer plan is for one sending. Send at once, or once at a time."))
    if plan.computed_at is None:
        return [*found, _("The offer plan was not computed yet. Compute it and look at it first.")]
    for pool, codes in needed(plan).items():
        there = stock(pool, now=now)
        if codes > there.free and not there.generic:
            found.append(
                _("The plan needs %(codes)d codes of “%(pool)s”, which has %(free)d. Generate more.")
                % {"codes": codes, "pool": pool, "free": there.free}
            )
    return found


def _mail_problems(campaign: Campaign, *, launched: bool) -> list[str]:
    found = []
    address = brand_kit().address or settings.SHOP_POSTAL_ADDRESS
    if campaign.channel == Channel.EMAIL and not address:
        found.append(_("Marketing mail must carry the shop's postal address. Set SHOP_POSTAL_ADDRESS."))
    if campaign.content is None:
        found.append(_("Choose the content of the mail."))
        return found
    if campaign.channel != Channel.EMAIL and not short_text(parse_blocks(campaign.content.blocks)):
        found.append(_("The content has no text. Add a text block: this channel shows nothing else."))
    if campaign.content.template.channel not in (Medium.EMAIL, campaign.channel):
        found.append(_("The content is written for another channel. Choose one for this channel."))
    elif address and campaign.channel == Channel.EMAIL:
        # Names of hosts are asked for by the person who launches, not at each slot.
        found += obstacles(campaign.content, exists=(lambda host: None) if launched else None)
    wants = needs(campaign.content)
    if wants.coupon and campaign.pool is None and campaign.plan is None:
        found.append(_("The content shows a coupon code. Choose a coupon pool."))
    if campaign.kind == Campaign.Kind.COUPON and not wants.coupon:
        found.append(_("The content shows no coupon code. Add a coupon block."))
    return found
