"""Data → Website: the snippet for the shop's pages, and whether it has been heard of."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.audit import record
from accounts.keys import create_key, living
from accounts.models import PUBLISHABLE_SCOPES, ApiKey
from accounts.signatures import signing_secret
from console.data.jobs import STOP_POLLING
from console.page import Page
from core import clock


class Website(Page):
    """Keys for pages, each with the lines to copy and a sign of life."""

    permission_required = ("accounts.view_apikey",)
    template_name = "console/website.html"
    title = gettext_lazy("Website")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the living publishable keys, newest first. One query."""
        keys = living(clock.now()).filter(kind=ApiKey.Kind.PUBLISHABLE)
        may_add = self.request.user.has_perm("accounts.add_apikey")
        # Who may make keys may see what proves a customer; who only looks may not.
        rows = [{"key": key, "secret": signing_secret(key) if may_add else ""} for key in keys]
        endpoint = settings.PUBLIC_URL.rstrip("/")
        return super().get_context_data(
            rows=rows, endpoint=endpoint, may_add=may_add, in_demo=settings.IS_DEMO, **kwargs
        )


class WebsiteKey(PermissionRequiredMixin, View):
    """Make a key for a website."""

    permission_required = ("accounts.add_apikey",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it, or say what is wrong with the address."""
        now = clock.now()
        address = request.POST.get("address", "").replace("\0", "").strip()[:200]
        try:
            key, _text = create_key(
                name=address.partition("://")[2][:100] or address[:100],
                kind=ApiKey.Kind.PUBLISHABLE,
                scopes=PUBLISHABLE_SCOPES,
                allowed_origins=[address],
                now=now,
                user=request.user,
            )
        except ValueError:
            messages.error(
                request,
                _("Write the website's address with https:// and without a path, like https://shop.example."),
            )
            return redirect("admin:website")
        after = {"kind": key.kind, "scopes": key.scopes, "allowed_origins": key.allowed_origins}
        record(action="api_key.created", target=key, now=now, user=request.user, after=after)
        messages.success(request, _("The key is made. Copy the lines below into your pages."))
        return redirect("admin:website")


class WebsiteSeen(PermissionRequiredMixin, View):
    """Whether a key's first event has come; polled until it has."""

    permission_required = ("accounts.view_apikey",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the sign of life; 286 ends the polling."""
        key = get_object_or_404(ApiKey, pk=pk, kind=ApiKey.Kind.PUBLISHABLE)
        status = STOP_POLLING if key.first_event_at else 200
        return render(request, "console/website_seen.html", {"key": key}, status=status)
