"""Step 1: what it is for, what it consists of, when it goes."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from campaigns.audience import members
from campaigns.models import Campaign
from campaigns.planning.models import Goal, Part
from campaigns.planning.parts import parts_of
from campaigns.planning.ready_made import READY_MADE, STARTS
from campaigns.preflight import mails
from campaigns.schedule.learned_figures import Known, known_of
from campaigns.schedule.models import Every, Late, Timing
from campaigns.schedule.preflight import schedule_problems
from campaigns.schedule.sentences import in_words, pace_in_words
from campaigns.schedule.slots import first_slot
from core import clock
from customers.models import Channel
from delivery.preferences.selectors import topic_choices
from delivery.rules.models import OnHolidays
from events.models import INBOUND_TYPES, PRODUCT_TYPES, EventType
from segments.models import Segment
from segments.selectors import display_name

_MOST_SEGMENTS = 500


def context(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Return the choices. Two queries."""
    icons = {goal: start.icon for goal, start in STARTS.items()} | {
        made.goal: made.icon for made in READY_MADE.values() if made.goal not in STARTS
    }
    segments = Segment.objects.only("name", "slug", "ready_made").order_by("name")[:_MOST_SEGMENTS]
    return {
        "goals": [(goal, Goal(goal).label, icons.get(goal, "flag")) for goal in Goal.values],
        "parts": [
            (Part.MESSAGE, _("A message"), _("An e-mail, an SMS, a notification"), "mail"),
            (Part.COUPON, _("Coupon codes"), _("In the message, one for each person"), "confirmation_number"),
            (Part.PROMOTION, _("A promotion"), _("Prices change at the till for everybody"), "sell"),
        ],
        "chosen": parts_of(campaign),
        "channels": Channel.choices,
        "topics": topic_choices(campaign.topic),
        "timings": [(value, capfirst(label)) for value, label in Timing.choices],
        "everies": [(value, capfirst(label)) for value, label in Every.choices],
        "lates": Late.choices,
        "weekdays": [(number, str(name)) for number, name in WEEKDAYS_ABBR.items()],
        "holidays": OnHolidays.choices,
        "events": _events(),
        "segments": [(str(one.pk), display_name(one)) for one in segments],
        "trigger_category": campaign.trigger_where.get("category", ""),
        "narrowed": {k: v for k, v in campaign.trigger_where.items() if k != "category"},
        "zone": settings.SHOP_TIME_ZONE,
    }


def _events() -> list[tuple[str, str]]:
    """Return what may set a campaign off: what customers do, and what becomes of products they wanted."""
    labels = {
        EventType.PRICE_DROP: _("is told that a price fell (of what they looked at)"),
        EventType.BACK_IN_STOCK: _("is told that something is back (that they looked at)"),
        EventType.LOW_STOCK: _("is told that something runs low (that they looked at)"),
    }
    done = [kind for kind in EventType if kind in INBOUND_TYPES and kind not in PRODUCT_TYPES]
    return [(kind.value, str(labels.get(kind, kind.label))) for kind in (*done, *PRODUCT_TYPES)]


def live(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Say in words when it goes, what is missing for that, and how many have an hour of their own.

    No query but the trigger's segment, and three for learned hours.
    """
    problems = schedule_problems(campaign, now=clock.now())
    slot = None if problems else first_slot(campaign, now=clock.now())
    return {
        "problems": problems,
        "sentence": in_words(campaign),
        "pace": pace_in_words(campaign),
        "slot": slot,
        "zone": settings.SHOP_TIME_ZONE,
        "now": campaign.timing == Timing.NOW,
        "hours_known": _hours_known(campaign),
    }


def _hours_known(campaign: Campaign) -> Known | None:
    """Count who has an hour of their own: of the audience, of everybody while there is none."""
    if not campaign.learned_hours or campaign.timing == Timing.TRIGGERED or not mails(campaign):
        return None
    if campaign.segment is None:
        return known_of(("SELECT id AS customer_id FROM customers_customer", []))
    return known_of(members(campaign, as_of=clock.knowledge_now()))
