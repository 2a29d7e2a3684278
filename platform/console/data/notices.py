"""The bell: what a person was told, and that they have read it. One's own affairs, so no right is asked."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts import notices
from accounts.models import Notice
from console.page import Page
from core import clock

PER_PAGE = 50
IN_THE_PANEL = 6

#: An icon and a colour for each kind.
LOOKS = {
    Notice.Kind.JOB_DONE: ("task_alt", "ok"),
    Notice.Kind.JOB_FAILED: ("error", "bad"),
    Notice.Kind.APPROVAL_ASKED: ("approval", "info"),
    Notice.Kind.APPROVAL_DECIDED: ("verified", "ok"),
    Notice.Kind.RUN_PAUSED: ("pause_circle", "warn"),
    Notice.Kind.POOL: ("sell", "warn"),
    Notice.Kind.EXPERIMENT: ("science", "info"),
}


def rows(found: Any) -> list[dict[str, Any]]:
    """Return notices with their looks."""
    return [{"notice": n, "look": LOOKS.get(n.kind, ("campaign", "info"))} for n in found]


class Notices(Page):
    """Everything a person was told, the newest first. Two queries."""

    template_name = "console/notices.html"
    title = gettext_lazy("Notices")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of them."""
        only_new = self.request.GET.get("show") == "unread"
        found = notices.of(self.request.user)
        page = Paginator(found.filter(read_at=None) if only_new else found, PER_PAGE).get_page(
            self.request.GET.get("page")
        )
        return super().get_context_data(
            page=page,
            rows=rows(page.object_list),
            only_new=only_new,
            unread=notices.unread(self.request.user),
            **kwargs,
        )


class OpenNotice(View):
    """One's own notice: read from now on, and the page that it is about."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lead there."""
        notice = get_object_or_404(Notice, pk=pk, user=request.user)
        notices.mark_read(notice.user, clock.now(), pk=notice.pk)
        return redirect(notice.url or "admin:notices")


class ReadNotices(View):
    """Everything that waits is read."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark it and show the list."""
        user: Any = request.user
        notices.mark_read(user, clock.now())
        return redirect("admin:notices")


class Bell(View):
    """The number of unread notices in the header, renewed now and then. Two queries by indexes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the bell's inside."""
        user: Any = request.user
        working = user.has_perm("accounts.view_job") and notices.is_work_running(clock.now())
        return render(request, "console/bell.html", {"count": notices.unread(user), "working": working})


class Panel(View):
    """The newest notices under the bell."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the panel's inside."""
        user: Any = request.user
        found = rows(notices.of(user)[:IN_THE_PANEL])
        return render(request, "console/bell_panel.html", {"rows": found, "unread": notices.unread(user)})
