"""The button that has the customers known anew, or a part of it: one job at a time, to be watched."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from core import clock
from profiles.dispatch import going_on, start

#: Kind of work: (what its button says, what it says while the work goes on, the page that shows the result).
WORKS = {
    "know": (_("Know the customers anew"), _("Getting to know the customers"), "known"),
    "cluster": (_("Find personas anew"), _("Finding personas"), "personas"),
    "study": (_("Look anew"), _("Looking at the customers"), "lifecycle"),
}
PERMISSION = "profiles.change_persona"


def may_work(request: HttpRequest, kind: str) -> dict[str, Any]:
    """Return what the button needs: its words, whether the reader may press it, and the work that goes on."""
    says, goes_on, _page = WORKS[kind]
    return {
        "work": kind,
        "work_says": says,
        "work_goes_on": goes_on,
        "may_work": request.user.has_perm(PERMISSION),
        "working": going_on(clock.now(), kind, "know"),
    }


class Work(PermissionRequiredMixin, View):
    """Start the work, unless it goes on already."""

    permission_required = (PERMISSION,)
    raise_exception = True

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show its progress to those who may see jobs, else the page that will show the result."""
        if kind not in WORKS:
            raise Http404
        user: Any = request.user
        page = "classes" if request.POST.get("back") == "classes" else WORKS[kind][2]
        url = reverse(f"admin:{page}")
        job = start(kind, now=clock.now(), user=user, result_url=url)
        return redirect("admin:job", pk=job.pk) if user.has_perm("accounts.view_job") else redirect(url)
