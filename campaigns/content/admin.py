"""E-mail templates and their versions."""

from django.contrib import admin
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.content.models import Template, TemplateVersion
from core.admin import FactsAdmin, FactsInline


class TemplateVersionInline(FactsInline):
    """The wordings, newest first."""

    model = TemplateVersion
    fields = readonly_fields = ["number", "subject", "preheader", "created_at", "created_by"]
    per_page = 10


@admin.register(Template)
class TemplateAdmin(FactsAdmin):
    """What is said, by name."""

    list_display = ["name", "versions_count", "last_change"]
    search_fields = ["name"]
    inlines = [TemplateVersionInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        """Count the versions in the same query."""
        return super().get_queryset(request).annotate(n=Count("versions"), last=Max("versions__created_at"))

    @display(description=_("versions"), ordering="n")
    def versions_count(self, template: Template) -> int:
        """Show how many wordings there are."""
        return int(template.n)  # type: ignore[attr-defined]

    @display(description=_("last change"), ordering="last")
    def last_change(self, template: Template) -> object:
        """Show when the newest wording was stored."""
        return template.last  # type: ignore[attr-defined]
