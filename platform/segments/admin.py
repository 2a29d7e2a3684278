"""The list of segments, and their refreshes. What is edited is edited in the builder."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core.admin import Admin, FactsAdmin
from core.charts import spark
from core.figures import number
from segments.models import Segment, SegmentRun
from segments.selectors import display_description, display_name

#: Sizes that the small line of the list is drawn from.
SIZES = 30


@admin.register(Segment)
class SegmentAdmin(Admin):
    """Audiences: how many and by which way they can be reached, counted when, and whether all is well."""

    list_display = ["title", "people", "reach", "counted", "state"]
    list_display_links = None
    list_filter = ["kind", "ready_made"]
    search_fields = ["name", "slug"]
    ordering = ["-ready_made", "name"]
    actions_list = ["new_list"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """Bring each segment's last sizes and its last error along; both by the index of the runs."""
        runs = SegmentRun.objects.filter(segment=OuterRef("pk")).order_by("-started_at")
        return (
            super()
            .get_queryset(request)
            .annotate(
                sizes=ArraySubquery(runs.filter(error="").values("size")[:SIZES]),
                failure=Subquery(runs.values("error")[:1]),
            )
        )

    @action(description=_("New list"), url_path="new-list", icon="playlist_add", permissions=["add"])
    def new_list(self, request: HttpRequest) -> HttpResponse:
        """Begin a list that is kept by hand."""
        return HttpResponseRedirect(reverse("admin:segment_list_new"))

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Open the builder."""
        return HttpResponseRedirect(reverse("admin:segment_new"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Open the segment's page; an id that is none leads to the list."""
        segment = self.get_object(request, object_id)
        if segment is None:
            return HttpResponseRedirect(reverse("admin:segments_segment_changelist"))
        return HttpResponseRedirect(reverse("admin:segment", args=[segment.pk]))

    @display(description=_("segment"), ordering="name")
    def title(self, segment: Segment) -> Any:
        """Show the name over the description."""
        return format_html(
            '<a class="st-strong" href="{}">{}</a><br><span class="st-mute">{}</span>',
            reverse("admin:segment", args=[segment.pk]),
            display_name(segment),
            display_description(segment),
        )

    @display(description=_("people"), ordering="size")
    def people(self, segment: Any) -> Any:
        """Show the size, and how it went."""
        if segment.size is None:
            return _("not counted yet")
        line = spark([size for size in reversed(segment.sizes) if size is not None], 72, 22)
        drawn = format_html(
            '<svg class="sb-spark" width="72" height="22" aria-hidden="true"><polyline fill="none"'
            ' stroke="currentColor" stroke-width="2" stroke-linejoin="round" points="{}"/></svg>',
            line,
        )
        return format_html(
            '<span class="sb-people-cell"><b class="st-strong st-num">{}</b>{}</span>',
            number(segment.size),
            drawn if line else "",
        )

    @display(description=_("reachable"))
    def reach(self, segment: Segment) -> Any:
        """Ask for the figures once the row is seen; counting them is too slow for a list."""
        if not segment.size:
            return "–"
        return format_html(
            '<span class="st-mute" hx-get="{}" hx-trigger="revealed" hx-swap="outerHTML">…</span>',
            reverse("admin:segment_reach", args=[segment.pk]),
        )

    @display(description=_("last refresh"), ordering="refreshed_at")
    def counted(self, segment: Segment) -> Any:
        """Show when it was counted."""
        return segment.refreshed_at

    @display(
        description=_("state"),
        label={
            _("live"): "success",
            _("refresh failed"): "danger",
            _("list"): "info",
            _("waiting"): "warning",
        },
    )
    def state(self, segment: Any) -> Any:
        """Say whether it keeps itself up to date."""
        if segment.failure:
            return _("refresh failed")
        if segment.kind == Segment.Kind.STATIC:
            return _("list")
        return _("waiting") if segment.refreshed_at is None else _("live")

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        """Leave removing to the segment's page, which asks what stands on it."""
        return False


@admin.register(SegmentRun)
class SegmentRunAdmin(FactsAdmin):
    """How long a refresh took, and what changed."""

    list_display = ["segment", "started_at", "size", "entered", "left", "duration_ms", "clean"]
    list_select_related = ["segment"]
    list_filter = [("error", admin.EmptyFieldListFilter)]
    search_fields = ["segment__name"]

    @display(description=_("without error"), boolean=True)
    def clean(self, run: SegmentRun) -> bool:
        """Say whether it went well."""
        return not run.error
