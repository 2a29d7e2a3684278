"""Form fields of the admin."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _


class JSONField(forms.JSONField):
    """JSON that PostgreSQL can store, and that can be shown again whatever was typed."""

    def validate(self, value: Any) -> None:
        """Refuse NaN, the character NUL and half a surrogate pair."""
        super().validate(value)
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            text.encode()
        except ValueError:  # UnicodeEncodeError is one
            text = "\\u0000"
        if "\\u0000" in text:
            raise forms.ValidationError(_("This text holds characters that cannot be stored."))

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the page."""
        text = super().prepare_value(value)
        return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) else text
