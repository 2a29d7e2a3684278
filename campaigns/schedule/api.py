"""A campaign's schedule in REST calls."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from campaigns.models import Campaign
from campaigns.schedule.models import Every, Late, Timing
from campaigns.schedule.preflight import schedule_problems
from core import clock
from core.serializers import ObjectField, StrictSerializer
from delivery.rules.models import OnHolidays
from events.models import EventType
from segments.models import Segment


class TriggerSerializer(StrictSerializer):
    """What sets a triggered campaign off: an event, or entering a segment."""

    event = serializers.ChoiceField(EventType.choices, required=False, source="trigger_event")
    where = ObjectField(
        required=False,
        source="trigger_where",
        help_text="Narrows the event, as in a segment's rule: category, product, brand, properties.",
    )
    segment = serializers.SlugRelatedField(
        slug_field="slug", queryset=Segment.objects.all(), required=False, source="trigger_segment"
    )
    delay_minutes = serializers.IntegerField(min_value=0, max_value=525_600, required=False)
    unless = serializers.ChoiceField(EventType.choices, required=False, source="unless_event")
    again_after_days = serializers.IntegerField(min_value=0, max_value=3_650, required=False)
    of_use_hours = serializers.IntegerField(min_value=1, max_value=8_760, required=False)


class ScheduleSerializer(StrictSerializer):
    """When a campaign goes. Without one it goes at once, when it is launched."""

    timing = serializers.ChoiceField(Timing.choices)
    day = serializers.DateField(required=False, source="on_day")
    time = serializers.TimeField(required=False, source="at_time", help_text="As 09:30.")
    each_zone = serializers.BooleanField(
        required=False, help_text="By each recipient's own clock, not the shop's."
    )
    learned_hours = serializers.BooleanField(
        required=False,
        help_text="At the hour learned for each; one in ten gets the usual time, one in ten any hour.",
    )
    late = serializers.ChoiceField(
        Late.choices, required=False, help_text="What happens where the hour has passed already."
    )
    every = serializers.ChoiceField(Every.choices, required=False)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        required=False,
        max_length=7,
        help_text="0 is Monday.",
    )
    month_day = serializers.IntegerField(min_value=1, max_value=31, required=False)
    until = serializers.DateField(required=False, source="ends_on")
    trigger = TriggerSerializer(required=False)
    spread_hours = serializers.IntegerField(
        min_value=0, max_value=168, required=False, help_text="Each minute its share; 0 means all at once."
    )
    per_hour = serializers.IntegerField(min_value=1, max_value=2_000_000_000, required=False)
    holidays = serializers.ChoiceField(
        OnHolidays.choices, required=False, help_text="The public holidays of each recipient's country."
    )
    priority = serializers.IntegerField(min_value=0, max_value=32_767, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Flatten into a campaign's columns, and refuse what could not be launched."""
        trigger: dict[str, Any] = attrs.pop("trigger", {})
        fields: dict[str, Any] = attrs | trigger
        if fields["timing"] != Timing.TRIGGERED and "trigger_event" in fields:
            raise serializers.ValidationError({"trigger": [_("Only a triggered campaign has a trigger.")]})
        if found := schedule_problems(Campaign(**fields), now=clock.now()):
            raise serializers.ValidationError(found)
        return fields

    def to_representation(self, instance: Campaign) -> dict[str, Any]:
        """Return what matters for the campaign's timing, and when it goes next."""
        shown: dict[str, Any] = {"timing": instance.timing, "learned_hours": instance.learned_hours}
        if instance.timing in (Timing.AT, Timing.RECURRING):
            shown |= {
                "day": instance.on_day and instance.on_day.isoformat(),
                "time": instance.at_time and instance.at_time.isoformat("minutes"),
                "each_zone": instance.each_zone,
                "late": instance.late,
            }
        if instance.timing == Timing.RECURRING:
            shown |= {"every": instance.every, "weekdays": instance.weekdays, "month_day": instance.month_day}
        if instance.timing == Timing.TRIGGERED:
            shown["trigger"] = {
                "event": instance.trigger_event or None,
                "where": instance.trigger_where,
                "segment": instance.trigger_segment.slug if instance.trigger_segment else None,
                "delay_minutes": instance.delay_minutes,
                "unless": instance.unless_event or None,
                "again_after_days": instance.again_after_days,
                "of_use_hours": instance.of_use_hours,
            }
        return shown | {
            "until": instance.ends_on and instance.ends_on.isoformat(),
            "spread_hours": instance.spread_hours,
            "per_hour": instance.per_hour,
            "holidays": instance.holidays,
            "priority": instance.priority,
            "next_at": instance.next_at and instance.next_at.isoformat(),
        }
