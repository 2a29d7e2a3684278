"""Templates that every shop starts with."""

from datetime import datetime

from ..models import Medium, TemplateVersion
from ..services import create_template
from .chinese import CHINESE
from .english import STARTERS

__all__ = ["STARTERS", "ensure_starter_templates"]


def ensure_starter_templates(now: datetime) -> dict[str, TemplateVersion]:
    """Make the starter templates that are not there, and return the newest version of each by its key.

    A shop that has changed one keeps its own.
    """
    names = {fields["name"] for fields in STARTERS.values()}
    newest = {
        version.template.name: version
        for version in TemplateVersion.objects.filter(template__name__in=names)
        .select_related("template")
        .order_by("number")
    }
    found = {}
    for key, fields in STARTERS.items():
        said = {"zh-hans": CHINESE[key]} if key in CHINESE else {}
        found[key] = newest.get(fields["name"]) or create_template(
            now=now, translations=said, **{"channel": Medium.EMAIL, **fields}
        )
    return found
