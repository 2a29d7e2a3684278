"""What a variant may change: its levers, checked when they are written and read when messages are made."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: What may differ, with the sentence that says so.
KNOWN = ("subject", "content", "strategy", "pool", "value", "send_hour", "features")


def checked(levers: Mapping[str, Any]) -> dict[str, Any]:
    """Return levers in the form that is stored; raise ValidationError with a sentence that says what to do.

    Whether what they name exists is the campaign's to ask (campaigns.actions.plan_test).
    """
    unknown = sorted(set(levers) - set(KNOWN))
    if unknown:
        raise ValidationError(
            _("There is no lever “%(name)s”. There are: %(known)s.")
            % {"name": unknown[0], "known": ", ".join(KNOWN)}
        )
    return {name: _CHECKS[name](value) for name, value in levers.items() if value not in (None, "", {})}


def subject_in(levers: Mapping[str, Any], language: str) -> str | None:
    """Return a variant's subject in a language: its own, the shop's, or whichever there is."""
    written = levers.get("subject")
    if not isinstance(written, Mapping):
        return written or None
    for wanted in (language, language.partition("-")[0], settings.LANGUAGE_CODE):
        if found := written.get(wanted):
            return str(found)
    return next((str(text) for text in written.values() if text), None)


def _subject(value: Any) -> Any:
    texts = list(value.values()) if isinstance(value, Mapping) else [value]
    if any(not isinstance(text, str) or len(text) > 300 for text in texts):
        raise ValidationError(_("A subject is a text of at most 300 characters, or one for each language."))
    return {str(language): text for language, text in value.items()} if isinstance(value, Mapping) else value


def _content(value: Any) -> str:
    if not _whole(value):
        raise ValidationError(_("Name the content by the number of a template's version."))
    return str(value)


def _whole(value: Any) -> bool:
    text = str(value)
    return not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 16


def _strategy(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError(_("Name the strategy by its key, as “hybrid”."))
    return value


def _pool(value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise ValidationError(_("Name the coupon pool by its id.")) from None


def _value(value: Any) -> int:
    if not _whole(value) or not 0 <= int(value) <= 90:
        raise ValidationError(_("A coupon's value is a number of percent from 0 to 90; 0 is no coupon."))
    return int(value)


def _features(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or any(not isinstance(v, str) or len(v) > 20 for v in value.values()):
        raise ValidationError(_("What is said of a text is a word for each feature."))
    return {str(name)[:20]: said for name, said in value.items()}


def _hour(value: Any) -> int:
    if not _whole(value) or not 0 <= int(value) <= 23:
        raise ValidationError(_("An hour to send at is a number from 0 to 23."))
    return int(value)


_CHECKS = {
    "subject": _subject,
    "content": _content,
    "strategy": _strategy,
    "pool": _pool,
    "value": _value,
    "send_hour": _hour,
    "features": _features,
}
