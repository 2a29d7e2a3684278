"""Choosing a topic in a form."""

from typing import Any, cast

from django import forms
from django.utils.text import capfirst
from unfold.widgets import UnfoldAdminSelectWidget

from delivery.preferences.selectors import topic_choices


class TopicField(forms.ChoiceField):
    """A topic out of those on offer; one that is chosen already stays so. Without `required`, also none."""

    widget = UnfoldAdminSelectWidget


def offer_topics(form: forms.BaseForm, own: str, *, none: Any = None) -> None:
    """Fill a form's field `topic`; `none` is what the empty choice says. Nothing for who may only look."""
    if "topic" in form.fields:
        field = cast(forms.ChoiceField, form.fields["topic"])
        field.label = capfirst(field.label or "")
        field.choices = [*([("", none)] if none else []), *topic_choices(own)]
