"""The ready-made segments with their sizes, to choose from before one makes one's own."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.generic import View

from core import clock
from segments.models import Segment
from segments.preview import preview
from segments.ready_made import READY_MADE, ReadyMade
from segments.rules import RuleError

#: A size may be so old where no refresh keeps it.
SECONDS = 600


class Gallery(PermissionRequiredMixin, View):
    """The gallery's inside, asked for when it is opened."""

    permission_required = ("segments.view_segment",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return each with what it is for and how many people it has now."""
        return render(request, "console/segments/gallery.html", {"templates": gallery()})


def gallery() -> list[dict[str, Any]]:
    """Return slug, name, description and size of each ready-made segment.

    The refreshes know the sizes: one query. Those that the shop changed or removed are counted, one
    statement each in ten minutes.
    """
    known = Segment.objects.filter(slug__in=[made.slug for made in READY_MADE], size__isnull=False)
    kept = {segment.slug: segment.size for segment in known if _unchanged(segment)}
    return [
        {
            "slug": made.slug,
            "name": _(made.name),
            "description": _(made.description),
            "size": kept[made.slug] if made.slug in kept else _counted(made),
        }
        for made in READY_MADE
    ]


def _unchanged(segment: Segment) -> bool:
    return any(made.slug == segment.slug and made.rule == segment.rule for made in READY_MADE)


def _counted(made: ReadyMade) -> int | None:
    def count() -> int | None:
        try:
            size: int = preview(made.rule, as_of=clock.knowledge_now())["size"]
        except RuleError:
            return None
        return size

    found: int | None = cache.get_or_set(f"segments:gallery:{made.slug}", count, SECONDS)
    return found
