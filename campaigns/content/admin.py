"""E-mail templates: the admin leads to the gallery and the editor, where people see what they write."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from campaigns.content.models import Template
from core.admin import FactsAdmin


@admin.register(Template)
class TemplateAdmin(FactsAdmin):
    """Addresses of the admin for templates; nothing is shown here."""

    search_fields = ["name"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the gallery."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:templates")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the editor."""
        template = self.get_object(request, object_id)
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        if template is None:
            return redirect("admin:templates")
        return redirect("admin:template_edit", pk=template.pk)
