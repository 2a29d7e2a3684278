"""Days of the week in forms: boxes to tick, Monday first."""

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget


def weekdays_field(**kwargs: Any) -> forms.TypedMultipleChoiceField:
    """Return a form field for a column of weekday numbers, 0 being Monday."""
    return forms.TypedMultipleChoiceField(
        choices=list(WEEKDAYS.items()), coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs
    )
