"""What is being written: saved by itself, never over what somebody else wrote meanwhile."""

from datetime import datetime
from typing import Any

import orjson
from django.db.models import F
from django.utils.translation import gettext as _

from .brand import ChangedMeanwhileError
from .liquid import TemplateInvalid
from .models import Template
from .services import draft_of

#: No template within the limits of the language is longer.
LONGEST_DRAFT = 1_500_000  # bytes
_MEMBERS = ("locale", "subject", "preheader", "blocks", "translations")


def draft(template: Template) -> dict[str, Any]:
    """Return what is being written: the draft, else the newest version, else nothing yet."""
    if template.draft is not None:
        return dict(template.draft)
    newest = template.versions.first()
    if newest is not None:
        return draft_of(newest)
    return {"locale": "en", "subject": "", "preheader": "", "blocks": [], "translations": {}}


def save_draft(template: Template, value: dict[str, Any], *, revision: int, now: datetime) -> int:
    """Store a draft that was based on this revision, and return the new one. One statement.

    It need not be right yet. Raises ChangedMeanwhileError when somebody else, or another window, saved
    since; TemplateInvalid when it is no draft at all.
    """
    kept = {name: value[name] for name in _MEMBERS if name in value}
    if set(kept) != set(_MEMBERS) or len(orjson.dumps(kept)) > LONGEST_DRAFT:
        raise TemplateInvalid(_("This is not a template, or too long for one."))
    changed = Template.objects.filter(pk=template.pk, revision=revision).update(
        draft=kept, revision=F("revision") + 1, changed_at=now
    )
    if not changed:
        raise ChangedMeanwhileError(
            _("Somebody changed this template meanwhile, or another window of yours did.")
        )
    return revision + 1
