"""Forms of the sending rules; every change is in the audit log. The page that shows them is the console's."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import audit
from core import clock
from core.admin import Admin
from core.weekdays import weekdays_field
from delivery.preferences.selectors import topic_choices
from delivery.rules.models import FrequencyCap, MarketRule, QuietHours, WarmUp


class RuleAdmin(Admin):
    """A rule that people set: saved, noted, and back to the page of all rules."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Store it and note what changed."""
        before = {name: form.initial.get(name) for name in form.changed_data} if change else None
        super().save_model(request, obj, form, change)
        after = {name: form.cleaned_data.get(name) for name in form.changed_data}
        self._note(request, "change_sending_rule" if change else "add_sending_rule", obj, before, after)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Remove it and note what it was."""
        self._note(request, "delete_sending_rule", obj, model_to_dict(obj), None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Remove each by itself, so that each is noted."""
        for obj in queryset:
            self.delete_model(request, obj)

    def _note(self, request: HttpRequest, action: str, obj: Model, before: Any, after: Any) -> None:
        audit.record(
            action=action,
            target=obj,
            now=clock.now(),
            user=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
            before=_plain(before),
            after=_plain(after),
        )

    def response_post_save_add(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Go back to where all rules are seen."""
        return HttpResponseRedirect(reverse("admin:delivery_rules"))

    response_post_save_change = response_post_save_add


class TopicForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule for a topic, which is chosen from those on offer; none is every topic."""

    topic = forms.ChoiceField(label=_("topic"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "topic" in self.fields:  # who may only look gets no form
            self.fields["topic"].choices = [("", _("every topic")), *topic_choices(self.instance.topic)]


class QuietHoursForm(TopicForm):
    """Quiet hours; the days are boxes to tick."""

    weekdays = weekdays_field(label=_("days of the week"), required=False, initial=list(range(7)))

    class Meta:
        model = QuietHours
        fields = (
            "name", "begins", "ends", "weekdays", "holidays", "channel", "topic", "market", "is_active"
        )  # fmt: skip


@admin.register(QuietHours)
class QuietHoursAdmin(RuleAdmin):
    """The shop's own quiet hours."""

    form = QuietHoursForm
    list_display = ["name", "begins", "ends", "channel", "topic", "market", "is_active"]


@admin.register(FrequencyCap)
class FrequencyCapAdmin(RuleAdmin):
    """How much is enough."""

    form = TopicForm

    list_display = ["name", "most", "days", "channel", "topic", "is_active"]
    fields = ["name", ("most", "days"), "channel", "topic", "is_active"]


@admin.register(MarketRule)
class MarketRuleAdmin(RuleAdmin):
    """What replaces the shipped rules; deleting one brings the shipped rule back."""

    list_display = ["market", "channel", "consent", "label"]
    list_filter = ["channel"]
    fields = [
        ("market", "channel"), "consent", "label", "footer", "stop_words", ("quiet_from", "quiet_until"),
        "quiet_sundays", "pixel",
    ]  # fmt: skip


@admin.register(WarmUp)
class WarmUpAdmin(RuleAdmin):
    """Domains that are being made known."""

    list_display = ["domain", "started_on", "is_active"]
    fields = ["domain", "started_on", "steps", "is_active"]


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return values as the audit log's JSON can hold them."""
    if values is None:
        return None
    simple = (str, int, bool, list, type(None))
    return {name: value if isinstance(value, simple) else str(value) for name, value in values.items()}
