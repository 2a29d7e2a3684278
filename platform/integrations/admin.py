"""Imports and the rows they did not take."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin import FactsAdmin, FactsInline
from integrations.models import ImportRowError, ImportRun


class ImportRowErrorInline(FactsInline):
    """Rows that were not taken, with the reason."""

    model = ImportRowError
    fields = readonly_fields = ["line", "reason", "raw"]
    per_page = 25


@admin.register(ImportRun)
class ImportRunAdmin(FactsAdmin):
    """What was imported, and what became of the rows."""

    list_display = [
        "dataset", "kind", "status", "rows", "accepted", "duplicates", "rejected", "started_at",
        "finished_at",
    ]  # fmt: skip
    list_filter = ["dataset", "kind"]
    search_fields = ["dataset", "kind"]
    inlines = [ImportRowErrorInline]

    @display(
        description=_("state"),
        label={_("done"): "success", _("running"): "info", _("with errors"): "warning"},
    )
    def status(self, run: ImportRun) -> str:
        """Say whether it is over and clean."""
        if run.finished_at is None:
            return _("running")
        return _("with errors") if run.rejected else _("done")
