"""The admin site: django-unfold's shell with the console's pages beside the lists of the models."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite

from console import palette
from console.home.view import Home
from console.urls import pages


class ConsoleSite(UnfoldAdminSite):
    """Serve Home at the root and the pages of `console.urls` before the lists."""

    def extra_urls(self) -> list[URLPattern]:
        """Return the console's own pages, each behind the admin's sign-in."""
        return pages(self.admin_view)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show Home."""
        return Home.as_view()(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the models of one app; the frame has a sidebar of its own and asks for all in vain.

        Working out three addresses and four permissions for each of sixty models took 4 ms a page.
        """
        return super().get_app_list(request, app_label) if app_label else []

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer Ctrl+K."""
        return palette.answer(request)
