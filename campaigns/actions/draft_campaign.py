"""Begin a draft from what is known already: a goal, a ready-made, an audience, an offer, a product."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import needs
from campaigns.content.services import create_template
from campaigns.content.starters import STARTERS, ensure_starter_templates
from campaigns.coupons.models import CouponPool
from campaigns.coupons.selectors import stock
from campaigns.models import Campaign
from campaigns.planning.letters import LETTERS
from campaigns.planning.models import Goal, Part
from campaigns.planning.parts import in_order, kind_of
from campaigns.planning.ready_made import READY_MADE, STARTS, ReadyMade, waits_for_something
from campaigns.preflight import mails
from core.estimates import estimated_count
from customers.models import Customer
from segments import ready_made as segments
from segments.models import Segment
from segments.services import save_segment

from .create_campaign import create_campaign
from .file_campaign import free_slug
from .permission import require
from .plan_test import ArmPlan, plan_test

#: From so many people on a draft leaves some alone by itself, and how many.
ENOUGH, HOLDOUT = 1000, 0.1
#: A rule that the birthday campaign needs beside those that every shop begins with.
BIRTHDAY_TODAY = segments.ReadyMade(
    "birthday-today",
    gettext_noop("Birthday today"),
    gettext_noop("Have their birthday today, by their own clock."),
    {"all": [{"field": "customer.birthday", "op": "in_next_days", "value": 1, "zone": "customer"}]},
)


@transaction.atomic
def draft_campaign(
    *,
    user: User | None,
    now: datetime,
    goal: str = "",
    ready: str = "",
    name: str = "",
    given: Mapping[str, Any] | None = None,
    actor: str = "",
) -> Campaign:
    """Store a draft with sensible beginnings, and over them the fields that are `given`.

    A ready-made is whole: it could be launched after a look at it. Templates and segments that it needs and
    the shop has not are made. Raises PermissionDenied.
    """
    require(user, "campaigns.add_campaign")
    given = dict(given or {})
    made = READY_MADE.get(ready)
    fields = _of_ready_made(made, user=user, now=now) if made else _of_goal(goal, given, now=now)
    fields |= given
    fields["parts"] = in_order(fields.get("parts") or [Part.MESSAGE])
    if fields.get("promotion") and "promotion" in given:
        fields["parts"] = in_order([*fields["parts"], Part.PROMOTION])
    if fields.get("pool") and "pool" in given:
        fields["parts"] = in_order([*fields["parts"], Part.COUPON])
        fields["content"] = _showing_code(fields.get("content"), now=now)
    name = name.strip()[:150] or _named(made, fields)
    campaign = create_campaign(
        user=user, now=now, actor=actor, name=name, slug=free_slug(name), kind=kind_of(fields["parts"]),
        **fields,
    )  # fmt: skip
    return _measured(campaign, user=user, now=now, actor=actor)


def _measured(campaign: Campaign, *, user: User | None, now: datetime, actor: str) -> Campaign:
    """Leave a tenth alone where there are enough people for it to show something."""
    segment = campaign.segment
    people = segment.size if segment is not None else estimated_count(Customer)
    if not mails(campaign) or (people or 0) < ENOUGH:
        return campaign
    plan_test(
        campaign, user=user, now=now, actor=actor, arms=[ArmPlan("a", _("As planned"), {}, 1, True)],
        holdout_share=HOLDOUT, test_share=None, metric="conversion", decide_after_days=campaign.goal_days,
    )  # fmt: skip
    campaign.refresh_from_db()
    return campaign


def _named(made: ReadyMade | None, fields: Mapping[str, Any]) -> str:
    if made:
        return str(made.name)
    return str(Goal(fields["goal"]).label)


def _of_goal(goal: str, given: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    goal = goal if goal in STARTS else Goal.SELL
    start = STARTS[goal]
    fields: dict[str, Any] = {
        "goal": goal, "parts": list(start.parts), "objective": start.objective,
        "goal_days": start.goal_days, "content": ensure_starter_templates(now).get(start.content),
    }  # fmt: skip
    if start.segment and "segment" not in given:
        fields["segment"] = Segment.objects.filter(slug=start.segment).first()
    if Part.COUPON in start.parts and "pool" not in given:
        fields["pool"] = usable_pool(now=now)
    return fields


def _of_ready_made(made: ReadyMade, *, user: User | None, now: datetime) -> dict[str, Any]:
    pool = usable_pool(now=now) if made.coupon else None
    parts = [*made.parts, Part.COUPON.value] if pool else list(made.parts)
    return {
        "goal": made.goal,
        "ready_made": made.key,
        "parts": parts,
        "goal_days": made.goal_days,
        "pool": pool,
        "content": _content(made.coupon if pool else made.content, user=user, now=now),
        "trigger_segment": _entering(made.entering, user=user, now=now) if made.entering else None,
        **waits_for_something(made),
    }


def _content(key: str, *, user: User | None, now: datetime) -> TemplateVersion | None:
    if key in STARTERS:
        return ensure_starter_templates(now)[key]
    letter = LETTERS[key]
    known = TemplateVersion.objects.filter(template__name=letter["name"]).order_by("-number").first()
    return known or create_template(now=now, user=user, **letter)


def _showing_code(content: TemplateVersion | None, *, now: datetime) -> TemplateVersion:
    """Return a content that shows a code: the one there is, or the starter."""
    return content if content and needs(content).coupon else ensure_starter_templates(now)["coupon"]


def _entering(slug: str, *, user: User | None, now: datetime) -> Segment | None:
    known = Segment.objects.filter(slug=slug).first()
    if known is not None:
        return known
    made = next((one for one in (*segments.READY_MADE, BIRTHDAY_TODAY) if one.slug == slug), None)
    if made is None:
        return None
    segment = Segment(slug=slug, name=_(made.name), description=_(made.description), rule=made.rule)
    return save_segment(segment, now=now, user=user)


def usable_pool(*, now: datetime) -> CouponPool | None:
    """Return the newest pool whose codes can be given out now, None where the shop has none."""
    for pool in CouponPool.objects.select_related("promotion").order_by("-pk")[:20]:
        promotion = pool.promotion
        if promotion.archived_at or not promotion.active or (promotion.ends_at and promotion.ends_at <= now):
            continue
        there = stock(pool, now=now)
        if there.free or there.generic:
            return pool
    return None
