"""Long work as a person sees it: progress, an end in sight, a way to stop it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.audit import record
from accounts.models import Job
from console.page import Page
from console.shell import STALE
from core import clock

#: HTMX stops polling on this status.
STOP_POLLING = 286
#: An estimate from less than this share is worth nothing.
_ENOUGH = 0.05
_OPEN = (Job.State.QUEUED, Job.State.RUNNING)
#: Where what a kind of work made is seen, if whoever started it (the night, a partner) named no page.
_SEEN_AT = {
    "profile": "profiles_customerprofile_changelist",
    "cluster": "personas",
    "score": "scores",
    "study": "lifecycle",
    "know": "known",
    "segments": "segments_segment_changelist",
    "import": "imports",
    "import_check": "imports",
    "import_file": "imports",
    "import_undo": "imports",
    "export": "integrations_export_changelist",
    "train": "recommendations",
    "recommendation-lists": "recommendations",
    "search-strategy": "recommendation_trainings",
    "bundles": "promotion_bundles",
    "forecast-demand": "demand",
    "review-lists": "recommendation_quality",
    "rehearse": "rehearsals",
    "analyse": "experiments_experiment_changelist",
    "tune": "tuning",
    "coupon_codes": "offer_pools",
    "coupon_file": "offer_pools",
    "offer_plan": "offer_plans",
    "past_offers": "offer_past",
}


def view_of(job: Job, now: datetime) -> dict[str, Any]:
    """Return what the progress partial shows: share, time left, and whether the worker went silent."""
    share = min(job.done / job.total, 1.0) if job.total else None
    if job.state == Job.State.DONE:
        share = 1.0
    alive = job.heartbeat_at or job.started_at
    stale = job.state == Job.State.RUNNING and alive is not None and now - alive > STALE
    return {
        "job": job,
        "percent": None if share is None else int(share * 100),
        "left": _left(job, share, now),
        "open": job.state in _OPEN and not stale,
        "stale": stale,
    }


def _result_of(job: Job) -> str:
    """Return the address of the page that shows what finished work made; empty where none does."""
    if job.state != Job.State.DONE:
        return ""
    if job.result_url or job.kind not in _SEEN_AT:
        return job.result_url
    return reverse(f"admin:{_SEEN_AT[job.kind]}")


def _left(job: Job, share: float | None, now: datetime) -> str:
    if job.state != Job.State.RUNNING or not share or share < _ENOUGH or job.started_at is None:
        return ""
    left = (now - job.started_at) / share * (1 - share)
    if left < timedelta(minutes=1):
        return _("less than a minute left")
    return _("about %(minutes)d min left") % {"minutes": round(left.total_seconds() / 60)}


class JobPage(Page):
    """One job with its progress, result or error."""

    permission_required = ("accounts.view_job",)
    template_name = "console/job.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the job."""
        job = get_object_or_404(Job.objects.select_related("started_by"), pk=self.kwargs["pk"])
        self.title = _(job.title) if job.title else ""
        return super().get_context_data(**view_of(job, clock.now()), result=_result_of(job), **kwargs)


class Progress(PermissionRequiredMixin, View):
    """The part of a job's page that polls; 286 ends the polling."""

    permission_required = ("accounts.view_job",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the progress as it is now."""
        job = get_object_or_404(Job, pk=pk)
        context = view_of(job, clock.now()) | {"result": _result_of(job)}
        status = 200 if context["open"] else STOP_POLLING
        return render(request, "console/progress.html", context, status=status)


class Cancel(PermissionRequiredMixin, View):
    """Ask a job to stop; its worker notices at its next report."""

    permission_required = ("accounts.view_job",)
    raise_exception = True

    def has_permission(self) -> bool:
        """Let the one who started it stop it, and whoever may change jobs."""
        job = get_object_or_404(Job, pk=self.kwargs["pk"])
        own = job.started_by_id == self.request.user.pk
        return super().has_permission() and (own or self.request.user.has_perm("accounts.change_job"))

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Store the wish once."""
        changed = Job.objects.filter(pk=pk, state__in=_OPEN, cancel_requested=False).update(
            cancel_requested=True
        )
        if changed:
            record(action="job.cancel", target=Job.objects.get(pk=pk), now=clock.now(), user=request.user)
        return redirect("admin:job", pk=pk)
