"""The calendar for other calendars: as a file, or at a secret address that they read by themselves."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.generic import View

from accounts.calendar_links import link_by, make_link, note_reading, token_of, void_link
from accounts.models import CalendarLink, User
from accounts.throttling import within
from console.engage.calendar import ics
from console.engage.calendar.entries import KINDS, Span, entries
from core import clock
from core.callers import client_address

#: What goes to other calendars: some weeks back, half a year ahead.
BACK, AHEAD = timedelta(days=31), timedelta(days=184)
#: Calendars read a few times an hour. More than this within a minute is no calendar.
READS_PER_MINUTE, WRONG_PER_MINUTE = 20, 20


class MaySeeSome:
    """Open to whoever may see one of the kinds."""

    request: HttpRequest

    def has_permission(self) -> bool:
        """Ask for any of the kinds' rights."""
        user: Any = self.request.user
        return any(user.has_perm(kind.permission) for kind in KINDS)


class CalendarFile(MaySeeSome, PermissionRequiredMixin, View):
    """The entries as a file, once."""

    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return what the person may see."""
        user: Any = request.user
        answer = _answer(request, user, request.GET.getlist("kind"))
        answer["Content-Disposition"] = 'attachment; filename="rapport.ics"'
        answer["Cache-Control"] = "no-store"
        return answer


class Feed(View):
    """The entries at a secret address. Whoever knows it sees what its owner may see, and no people."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the calendar in its owner's language; 404 for an address that is none or none any more."""
        now = clock.now()
        link = link_by(token)
        if link is None:
            if not within(f"calendar-wrong:{client_address(request)}", WRONG_PER_MINUTE, now):
                return _too_often()
            raise Http404
        if not within(f"calendar:{link.pk}", READS_PER_MINUTE, now):
            return _too_often()
        note_reading(link, now=now)
        with override(link.user.language):
            answer = _answer(request, link.user)
        answer["Cache-Control"] = "private, max-age=300"
        answer["X-Robots-Tag"] = "noindex"
        return answer


class FeedAct(MaySeeSome, PermissionRequiredMixin, View):
    """Make one's own secret address, a new one in its place, or none."""

    raise_exception = True

    def post(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Do it and lead back to the calendar, where it is shown."""
        user: Any = request.user
        now = clock.now()
        if verb == "make":
            make_link(user, now=now)
            return redirect(reverse("admin:calendar") + "?share=1")
        if verb != "void":
            raise Http404
        if void_link(user, now=now):
            messages.success(request, _("The link is void. Calendars that read it get nothing any more."))
        return redirect("admin:calendar")


def shown_to(request: HttpRequest) -> dict[str, Any]:
    """Return the person's own link for the page. One query."""
    user: Any = request.user
    link = CalendarLink.objects.filter(user=user).first()
    address = request.build_absolute_uri(reverse("calendar_feed", args=[token_of(link)])) if link else ""
    return {
        "link": link,
        "feed": address,
        "webcal": f"webcal:{address.partition(':')[2]}" if address else "",
        "share": "share" in request.GET,
    }


def _answer(request: HttpRequest, user: User, kinds: list[str] | None = None) -> HttpResponse:
    now = clock.now()
    today = now.astimezone(clock.shop_zone()).date()
    found = entries(Span(today - BACK, today + AHEAD, now), user, kinds or [])
    origin = f"{request.scheme}://{request.get_host()}"
    content = ics.calendar(found, name=_("Rapport calendar"), origin=origin, now=now)
    return HttpResponse(content, content_type="text/calendar; charset=utf-8")


def _too_often() -> HttpResponse:
    said = _("This calendar is read too often. Read it every few minutes at most.")
    return HttpResponse(
        said, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": "60"}
    )
