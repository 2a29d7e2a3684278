"""What the console's own pages have in common."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic import TemplateView


class Page(PermissionRequiredMixin, TemplateView):
    """A page within the admin's shell.

    A subclass names `permission_required`, `template_name` and `title`, and adds its figures in
    `get_context_data`. The sign-in itself is the site's (`admin_view`), which lets staff in only.
    """

    permission_required: tuple[str, ...] = ()
    title: Any = ""
    raise_exception = True  # a signed-in person without the right gets 403, not the sign-in again

    def get_title(self) -> Any:
        """Return the page's name for the header and the browser."""
        return self.title

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the shell's context with the page's title."""
        self.request.current_app = admin.site.name
        return {
            **admin.site.each_context(self.request),
            "title": self.get_title(),
            **super().get_context_data(**kwargs),
        }
