"""What the lists of all apps have in common, and the lists of the machinery itself."""

import re
from copy import copy
from typing import Any

import structlog
from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DataError, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminURLInputWidget

from core.estimates import estimated_count
from core.exports import answers, may_export
from core.figures import number
from core.forms import JSONField
from core.models import Heartbeat, PeriodicSlot

log = structlog.get_logger(__name__)


class EstimatedPaginator(Paginator):
    """Estimate the length of a whole large table; count exactly whatever is filtered."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows."""
        query = getattr(self.object_list, "query", None)
        if query is None or query.where or query.distinct:
            return super().count
        return estimated_count(query.model)


def _rounded(field: "models.FloatField[Any, Any]") -> Any:
    """Return a column of a field's numbers: to the hundredth, small ones to three places."""

    @display(description=field.verbose_name, ordering=field.name)
    def column(row: models.Model) -> str:
        value = getattr(row, field.name)
        return number(value, 3 if value is not None and abs(value) < 1 else 2)

    return column


class _Pills(dict[Any, str]):
    """Pills by their words in the reader's language.

    A lazy word keeps the hash of the language in which it was read first: a plain dict would find it in
    that one alone.
    """

    def __contains__(self, word: object) -> bool:
        return any(str(known) == str(word) for known in self)

    def __getitem__(self, word: Any) -> str:
        return next(kind for known, kind in self.items() if str(known) == str(word))


class Admin(ModelAdmin):
    """A list that a person works in: short pages, no accidental full-table sorts."""

    list_per_page = 25
    list_fullwidth = True
    list_filter_submit = True
    list_before_template = "console/list_before.html"
    show_full_result_count = False
    warn_unsaved_form = True
    conditional_fields: dict[str, str] = {}
    formfield_overrides = {
        models.JSONField: {"form_class": JSONField},
        models.URLField: {"assume_scheme": "https", "widget": UnfoldAdminURLInputWidget},
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.list_display:
            column = getattr(type(self), name, None) if isinstance(name, str) else None
            label = getattr(column, "label", None)
            if column is not None and isinstance(label, dict):
                column.label = _Pills(label)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the columns; numbers with parts are rounded, as people read them."""
        fields = {field.name: field for field in self.opts.fields if isinstance(field, models.FloatField)}
        return [
            _rounded(fields[name]) if isinstance(name, str) and name in fields else name
            for name in super().get_list_display(request)
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; a filter value that no column can hold leads back to the whole list.

        Django does so for what it notices itself, but not for a NUL, a year 99999, a broken regular
        expression or a filter of our own that asks for a UUID: those fail in the query.
        """
        if request.method != "GET" or not request.GET:
            return super().changelist_view(request, extra_context)
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except (ValueError, ValidationError, DataError) as error:
            log.warning("list_filter_refused", path=request.path, kind=type(error).__name__)
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list with who asked for it: what an empty one offers depends on their rights."""
        found = super().get_changelist_instance(request)
        found.asked_by = request.user
        return found

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the form; what depends on a field that nobody can change here is simply shown."""
        shown = context["adminform"]
        if self.conditional_fields:
            shown.model_admin = copy(self)
            shown.model_admin.conditional_fields = {
                name: when
                for name, when in self.conditional_fields.items()
                if _words(when) & {field.name for field in self.opts.fields} <= shown.form.fields.keys()
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add the export to those lists that can be taken out, for those who may."""
        actions = super().get_actions(request)
        if may_export(request.user, self.model._meta.label_lower):
            actions["export"] = (_export, "export", _("Export as CSV"))
        return actions


def _words(expression: str) -> set[str]:
    """Return the names in a condition, without what stands in quotes."""
    return set(re.findall(r"[a-z_]\w*", re.sub(r"'[^']*'", "", expression)))


def _export(admin: Admin, request: HttpRequest, queryset: Any) -> Any:
    return answers.get("csv")(request, admin, queryset)


class FactsAdmin(Admin):
    """A list of facts: nobody adds, changes or deletes them by hand."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: facts come from what happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: facts do not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Refuse: erasure has its own way."""
        return False


class LargeFactsAdmin(FactsAdmin):
    """A list over millions of rows: estimated count, order by the key, no sorting by columns."""

    paginator = EstimatedPaginator
    ordering = ["-pk"]
    sortable_by: list[str] = []


class FactsInline(TabularInline):
    """Rows shown with their parent, not edited."""

    extra = 0
    tab = True
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False


@admin.register(Heartbeat)
class HeartbeatAdmin(FactsAdmin):
    """Which parts have shown life, and when."""

    list_display = ["name", "at"]
    search_fields = ["name"]


@admin.register(PeriodicSlot)
class PeriodicSlotAdmin(FactsAdmin):
    """When periodic work was due and done."""

    list_display = ["job", "scheduled_for", "started_at", "finished_at", "outcome"]
    list_filter = ["job"]
    search_fields = ["job"]
    ordering = ["-scheduled_for"]

    @display(description=_("state"), label={_("done"): "success", _("running"): "info"})
    def outcome(self, slot: PeriodicSlot) -> Any:
        """Say whether the run is over."""
        return _("done") if slot.finished_at else _("running")
