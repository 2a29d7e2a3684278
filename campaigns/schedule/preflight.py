"""What must be in order about a schedule."""

from datetime import datetime

from django.utils.translation import gettext as _

from campaigns.schedule.models import Every, Scheduled, Timing
from campaigns.schedule.slots import first_slot
from core import clock
from segments.rules import RuleError, parse


def schedule_problems(plan: Scheduled, *, now: datetime) -> list[str]:
    """Return what stands in the way, each with what to do. Empty when all is well."""
    found = []
    if plan.timing in (Timing.AT, Timing.RECURRING) and plan.at_time is None:
        found.append(_("Choose the time of day at which it goes."))
    if plan.timing == Timing.AT and plan.on_day is None:
        found.append(_("Choose the day on which it goes."))
    if plan.timing == Timing.RECURRING and plan.every == Every.WEEK and not plan.weekdays:
        found.append(_("Choose the days of the week on which it goes."))
    if plan.timing == Timing.TRIGGERED:
        found += _trigger_problems(plan)
    if plan.learned_hours and plan.timing == Timing.TRIGGERED:
        found.append(_("A triggered campaign goes when something happens: it has no learned hours."))
    elif plan.learned_hours and plan.spread_hours:
        found.append(
            _("Either everybody gets their own hour, or the launch is spread over some. Choose one.")
        )
    today = now.astimezone(clock.shop_zone()).date()
    over = plan.ends_on is not None and plan.ends_on < today
    if plan.timing in (Timing.RECURRING, Timing.TRIGGERED) and over:
        found.append(_("The last day has passed. Choose a later one."))
    elif not found and plan.timing == Timing.RECURRING and first_slot(plan, now=now) is None:
        found.append(_("No day is left on which it would go. Choose a later last day."))
    return found


def rule_of(plan: Scheduled) -> dict[str, object]:
    """Return the trigger's event as a rule of the segments' language."""
    return {"event": plan.trigger_event, **plan.trigger_where}


def _trigger_problems(plan: Scheduled) -> list[str]:
    if bool(plan.trigger_event) == (plan.trigger_segment_id is not None):
        return [_("Choose either what a customer does, or the segment that is entered.")]
    if not plan.trigger_event:
        return []
    narrowings = {"category", "product", "brand", "properties"}
    if not isinstance(plan.trigger_where, dict) or set(plan.trigger_where) - narrowings:
        return [_("A trigger is narrowed by category, product, brand and properties only.")]
    try:
        parse(rule_of(plan))
    except RuleError as error:
        return [str(error)]
    return []
