"""Show pages as the person who looks wants them: times in their zone, lists in the view they chose."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from accounts import saved_views
from accounts.models import User
from console.data.saved_views import is_list
from core.middleware import is_call


class StaffTimeZoneMiddleware:
    """Activate the signed-in person's time zone for the request; UTC for everybody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer within the person's zone. An unknown zone counts as UTC."""
        if is_call(request):  # it is in UTC as it is
            return self.get_response(request)
        # Only a session that exists is read: public pages stay without a query.
        name = "UTC"
        if "sessionid" in request.COOKIES and request.user.is_authenticated:
            name = getattr(request.user, "time_zone", "UTC")
        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return self.get_response(request)


class DefaultViewMiddleware:
    """Open a list without filters in the view that the person chose for it. One query, on such lists only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Lead to the view; the link to the whole list carries a page number and is left alone."""
        match = request.resolver_match
        if request.method != "GET" or request.GET or match is None or match.namespaces != ["admin"]:
            return None
        if not is_list(match.url_name or "") or not isinstance(request.user, User):
            return None
        query = saved_views.default_query(request.user, str(match.url_name))
        return HttpResponseRedirect(f"{request.path}?{query}") if query else None
