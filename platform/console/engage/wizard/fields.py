"""What the wizard's pages save, field by field, with a sentence for what cannot be taken."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.planning.models import Part
from campaigns.planning.parts import in_order, kind_of
from catalog.models import Category
from core.weekdays import weekdays_field
from delivery.preferences.forms import TopicField, offer_topics


class PlanForm(forms.ModelForm):
    """A campaign as the wizard sees it; only the fields that were sent are looked at."""

    weekdays = weekdays_field(required=False)
    parts = forms.MultipleChoiceField(choices=Part.choices, error_messages={"required": ""}, required=False)
    topic = TopicField()
    goal_days = forms.IntegerField(min_value=1, max_value=365)
    trigger_category = forms.CharField(max_length=500, required=False)

    class Meta:
        model = Campaign
        fields = (
            "name", "goal", "goal_days", "topic", "channel", "segment", "content", "objective", "pool",
            "plan", "codes_of", "promotion", "timing", "on_day", "at_time", "each_zone", "learned_hours",
            "late", "every", "month_day", "ends_on", "trigger_event", "trigger_segment", "delay_minutes",
            "unless_event", "again_after_days", "of_use_hours", "spread_hours", "per_hour", "holidays",
            "priority",
        )  # fmt: skip

    def clean_parts(self) -> list[str]:
        """Ask for one part at least."""
        parts = in_order(self.cleaned_data["parts"])
        if not parts:
            raise forms.ValidationError(_("Choose at least one."))
        return parts

    def clean_trigger_category(self) -> str:
        """Ask for a category that there is."""
        path = " ".join(self.cleaned_data["trigger_category"].split())
        if path and not Category.objects.filter(path=path).exists():
            raise forms.ValidationError(_("There is no category of this name. Leave it empty for all."))
        return path


def read(campaign: Campaign, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the changes that can be stored, with what follows from them, and a sentence for each other."""
    data = MultiValueDict(
        {name: value if isinstance(value, list) else ["" if value is None else value]
         for name, value in given.items()}
    )  # fmt: skip
    form = PlanForm(data, instance=Campaign.objects.get(pk=campaign.pk))
    for name in list(form.fields):
        if name not in given:
            del form.fields[name]
    offer_topics(form, campaign.topic)
    form.full_clean()
    errors = {name: " ".join(map(str, found)) for name, found in form.errors.items()}
    changes = {name: form.cleaned_data[name] for name in form.fields if name in form.cleaned_data}
    changes = {name: value for name, value in changes.items() if name not in errors}
    return _with_consequences(changes, campaign), errors


def _with_consequences(changes: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    """Add what one choice means for another, so that no two contradict each other."""
    if "parts" in changes:
        changes["kind"] = kind_of(changes["parts"])
    if changes.get("trigger_event"):
        changes["trigger_segment"] = None
    elif changes.get("trigger_segment"):
        changes["trigger_event"] = ""
    if changes.get("plan"):
        changes["pool"] = None
    elif changes.get("pool"):
        changes["plan"] = None
    content = changes.get("content")
    if content is not None and content.template.channel not in ("email", campaign.channel):
        changes["channel"] = content.template.channel
    if "trigger_category" in changes:
        where = {k: v for k, v in campaign.trigger_where.items() if k != "category"}
        path = changes.pop("trigger_category")
        changes["trigger_where"] = where | ({"category": path} if path else {})
    return changes
