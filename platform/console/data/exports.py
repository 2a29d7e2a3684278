"""A long list on its way to a file, and the file."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.audit import record
from console.data.jobs import view_of
from console.page import Page
from core import clock
from integrations.imports.files import path_of
from integrations.models import Export


class _Own(PermissionRequiredMixin):
    """Exports are for those who took them out; whoever may change them sees all."""

    permission_required = ("integrations.view_export",)

    def export(self) -> Export:
        """Return the export, or refuse as if there were none."""
        found = get_object_or_404(Export.objects.select_related("job"), pk=self.kwargs["pk"])  # type: ignore[attr-defined]
        user = self.request.user
        if found.created_by_id != user.pk and not user.has_perm("integrations.change_export"):
            raise Http404
        return found


class ExportPage(_Own, Page):
    """Progress, then the download."""

    template_name = "console/export.html"
    title = gettext_lazy("Export")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the export with its job."""
        export = self.export()
        context = view_of(export.job, clock.now()) if export.job else {}
        return super().get_context_data(export=export, **context, **kwargs)


class Download(_Own, View):
    """The file."""

    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """Send the file while it is kept, and write down that it was taken."""
        export = self.export()
        path = path_of(export.file)
        if not export.file or not path.is_file():
            raise Http404
        record(action="export.download", target=export, now=clock.now(), user=request.user)  # type: ignore[arg-type]
        name = f"{export.list}-{export.created_at:%Y-%m-%d}.csv"
        answer = FileResponse(path.open("rb"), as_attachment=True, filename=name)
        answer["Content-Type"] = "text/csv; charset=utf-8"
        return answer
