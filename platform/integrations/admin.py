"""Imports, remembered mappings, and lists that were taken out."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin import FactsAdmin, FactsInline
from integrations.models import Export, ImportRowError, ImportRun, ImportState, SavedMapping


class ImportRowErrorInline(FactsInline):
    """Rows that were not taken, with the reason. Their cells are in the error file."""

    model = ImportRowError
    fields = readonly_fields = ["line", "reason"]
    per_page = 25


@admin.register(ImportRun)
class ImportRunAdmin(FactsAdmin):
    """What was imported, and what became of the rows."""

    list_display = [
        "headline", "kind", "source", "status", "rows", "accepted", "changed", "duplicates", "rejected",
        "started_at", "finished_at",
    ]  # fmt: skip
    list_filter = ["state", "kind", "source"]
    search_fields = ["dataset", "kind"]
    exclude = ["columns", "mapping", "options", "shape", "report", "left_alone"]
    inlines = [ImportRowErrorInline]

    @display(description=_("file or data set"), ordering="dataset")
    def headline(self, run: ImportRun) -> Any:
        """Link a file to its page."""
        if not run.file:
            return run.dataset
        url = reverse("admin:import", args=[run.key])
        return format_html('<a class="st-strong" href="{}">{}</a>', url, run.dataset)

    @display(
        description=_("state"),
        ordering="state",
        label={
            ImportState.DONE.label: "success",
            ImportState.CHECKED.label: "info",
            ImportState.CHECKING.label: "info",
            ImportState.RUNNING.label: "info",
            ImportState.UNDOING.label: "info",
            ImportState.FAILED.label: "danger",
            ImportState.CANCELLED.label: "warning",
            ImportState.UNDONE.label: "warning",
        },
    )
    def status(self, run: ImportRun) -> str:
        """Show the state as a pill."""
        return run.get_state_display()


@admin.register(SavedMapping)
class SavedMappingAdmin(FactsAdmin):
    """How the columns of each source were mapped the last time. Deleting one forgets it."""

    list_display = ["source", "kind", "updated_at"]
    list_filter = ["kind"]
    search_fields = ["source__startswith"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those forget a mapping who may import."""
        return request.user.has_perm("integrations.delete_savedmapping")


@admin.register(Export)
class ExportAdmin(FactsAdmin):
    """Who took which list out."""

    list_display = ["created_at", "list", "created_by", "rows", "personal", "download"]
    list_select_related = ["created_by"]
    list_filter = ["list", "personal"]
    exclude = ["filters", "job"]
    list_display_links = None

    @display(description=_("file"))
    def download(self, export: Export) -> Any:
        """Link to the file while it is kept."""
        if not export.file or export.forgotten_at:
            return "–"
        return format_html(
            '<a class="st-link" href="{}">{}</a>', reverse("admin:export", args=[export.pk]), _("Open")
        )
