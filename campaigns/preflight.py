"""What must be in order before a campaign goes out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.content.blocks import parse_blocks
from campaigns.content.brand import brand_kit
from campaigns.content.models import Medium, TemplateVersion
from campaigns.content.readiness import obstacles
from campaigns.content.rendering import needs
from campaigns.content.text import short_text
from campaigns.coupons.models import CouponPool
from campaigns.coupons.selectors import stock
from campaigns.models import Campaign
from campaigns.planning.models import Part
from campaigns.planning.parts import parts_of
from campaigns.schedule.models import Timing
from campaigns.schedule.preflight import schedule_problems
from campaigns.targeting.models import OfferPlan
from campaigns.targeting.selectors import needed
from customers.models import Channel


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a plan, and the step of the wizard that mends it. Only some stand in the way."""

    step: str
    message: str
    blocks: bool = True


def mails(campaign: Campaign) -> bool:
    """Say whether the campaign writes to people; a promotion does when it is announced."""
    return Part.MESSAGE in parts_of(campaign)


def problems(campaign: Campaign, *, now: datetime, launched: bool = False) -> list[str]:
    """Return what stands in the way of a launch, each with what to do. Empty when all is well.

    A slot of a campaign that was `launched` long ago is not asked about its schedule again.
    """
    return [found.message for found in findings(campaign, now=now, launched=launched) if found.blocks]


def findings(campaign: Campaign, *, now: datetime, launched: bool = False) -> list[Finding]:
    """Return what is wrong with a plan and what is worth a second look, by the steps of the wizard."""
    parts = parts_of(campaign)
    found = [] if launched else _at("goal", schedule_problems(campaign, now=now))
    if campaign.timing == Timing.TRIGGERED and Part.MESSAGE not in parts:
        found += _at(
            "goal", [_("A promotion without content writes to nobody. Choose the content of the mail.")]
        )
    if Part.PROMOTION in parts:
        found += _at("content", _promotion_problems(campaign, now))
    if campaign.plan is not None:
        found += _at("content", _plan_problems(campaign, campaign.plan, parts, now))
    elif Part.COUPON in parts and campaign.pool is None:
        found += _at("content", [_("Choose the coupon pool that the codes come from.")])
    if Part.MESSAGE in parts:
        found += _at("content", _mail_problems(campaign, parts, launched=launched))
        found += _at("test", _test_problems(campaign))
    return found


def _at(step: str, sentences: Iterable[str]) -> list[Finding]:
    return [Finding(step, sentence) for sentence in sentences]


def _promotion_problems(campaign: Campaign, now: datetime) -> list[str]:
    promotion = campaign.promotion
    if promotion is None:
        return [_("Choose the promotion to switch on.")]
    if promotion.ends_at and promotion.ends_at <= now:
        return [_("The promotion is over. Give it a later end.")]
    return []


def _plan_problems(campaign: Campaign, plan: OfferPlan, parts: frozenset[str], now: datetime) -> list[str]:
    found = []
    if Part.COUPON not in parts or campaign.pool is not None:
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


def _mail_problems(campaign: Campaign, parts: frozenset[str], *, launched: bool) -> list[str]:
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
        found += obstacles(campaign.content, exists=_unasked if launched else None)
    wants = needs(campaign.content)
    if wants.coupon and campaign.pool is None and campaign.plan is None:
        found.append(_("The content shows a coupon code. Choose a coupon pool."))
    if Part.COUPON in parts and not wants.coupon:
        found.append(_("The content shows no coupon code. Add a coupon block."))
    return found


def _unasked(host: str) -> None:
    """Answer nothing about a host."""


def _test_problems(campaign: Campaign) -> list[str]:
    """Return what is wrong with the arms; the campaign's own content is looked at beside them."""
    if campaign.experiment is None:
        return []
    arms = list(campaign.experiment.variants.all())
    if campaign.learned_hours and any("send_hour" in arm.levers for arm in arms):
        return [_("Arms with an hour of their own and the hour learned for each exclude each other.")]
    numbers = [int(v.levers["content"]) for v in arms if str(v.levers.get("content", "")).isdigit()]
    versions = TemplateVersion.objects.select_related("template").in_bulk(numbers) if numbers else {}
    contents = {str(number): version for number, version in versions.items()}
    keys = [v.levers["pool"] for v in arms if v.levers.get("pool")]
    pools = {str(pk) for pk in CouponPool.objects.in_bulk(keys)} if keys else set()
    return [
        _("Arm “%(arm)s”: %(problem)s") % {"arm": arm.name, "problem": sentence}
        for arm in arms
        for sentence in _arm_problems(campaign, arm.levers, contents, pools)
    ]


def _arm_problems(
    campaign: Campaign, levers: Mapping[str, Any], contents: Mapping[str, TemplateVersion], pools: set[str]
) -> list[str]:
    found = []
    if levers.get("content"):
        found += _arm_content_problems(campaign, contents.get(str(levers["content"])))
    if levers.get("pool") and levers["pool"] not in pools:
        found.append(_("its coupon pool is not there any more."))
    if levers.get("pool") and (campaign.plan is not None or Part.COUPON not in parts_of(campaign)):
        found.append(_("it has a coupon pool of its own, and the campaign gives no codes of a pool."))
    if "send_hour" in levers and campaign.timing == Timing.TRIGGERED:
        found.append(_("it has an hour of its own, and what a customer sets off goes at its own moment."))
    return found


def _arm_content_problems(campaign: Campaign, content: TemplateVersion | None) -> list[str]:
    if content is None:
        return [_("its content is not there any more.")]
    if content.template.channel not in (Medium.EMAIL, campaign.channel):
        return [_("its content is written for another channel.")]
    found = obstacles(content, exists=_unasked) if campaign.channel == Channel.EMAIL else []
    if needs(content).coupon and campaign.pool is None and campaign.plan is None:
        found = [*found, _("its content shows a coupon code, and there is no pool.")]
    return found
