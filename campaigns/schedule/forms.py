"""The schedule's part of a campaign's form; each timing shows its own fields only."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from core.weekdays import weekdays_field
from delivery.preferences.forms import TopicField, offer_topics

_AT, _RECURRING, _TRIGGERED = "timing == 'at'", "timing == 'recurring'", "timing == 'triggered'"
_BY_CLOCK = f"{_AT} || {_RECURRING}"

#: When the schedule's fields are shown (django-unfold's conditional_fields).
SHOWN_WHEN = {
    "on_day": _BY_CLOCK,
    "at_time": _BY_CLOCK,
    "each_zone": _BY_CLOCK,
    "learned_hours": f"{_BY_CLOCK} || timing == 'now'",
    "late": f"({_BY_CLOCK}) && each_zone",
    "spread_hours": f"{_BY_CLOCK} || timing == 'now'",
    "every": _RECURRING,
    "weekdays": f"{_RECURRING} && every == 'week'",
    "month_day": f"{_RECURRING} && every == 'month'",
    "ends_on": f"{_RECURRING} || {_TRIGGERED}",
    "trigger_event": _TRIGGERED,
    "trigger_where": f"{_TRIGGERED} && trigger_event",
    "trigger_segment": _TRIGGERED,
    "delay_minutes": _TRIGGERED,
    "unless_event": _TRIGGERED,
    "again_after_days": _TRIGGERED,
    "of_use_hours": _TRIGGERED,
}
FIELDSETS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (
        _("When it goes"),
        {
            "fields": (
                "timing", ("on_day", "at_time"), "each_zone", "learned_hours", "late", "every", "weekdays",
                "month_day", "trigger_event", "trigger_where", "trigger_segment", "delay_minutes",
                "unless_event", "again_after_days", "of_use_hours", "ends_on",
            )
        },
    ),
    (
        _("How fast, and how much it matters"),
        {"fields": (("spread_hours", "per_hour"), ("holidays", "priority"))},
    ),
)  # fmt: skip


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    """A campaign; the days of the week are boxes to tick."""

    weekdays = weekdays_field(label=_("days of the week"), required=False)
    topic = TopicField(label=_("topic"), help_text=Campaign.topic.field.help_text)

    class Meta:
        model = Campaign
        exclude: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_topics(self, self.instance.topic)
