"""What is done to a segment: counted anew, copied, removed."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.dispatch import start_job
from core import clock
from segments import dispatch
from segments.models import Segment
from segments.rules import RuleError
from segments.selectors import display_description, display_name
from segments.services import InUseError, delete_segment, save_segment

_NEEDS = {
    "refresh": "segments.change_segment",
    "copy": "segments.add_segment",
    "delete": "segments.delete_segment",
}


class Act(PermissionRequiredMixin, View):
    """One verb for one segment."""

    raise_exception = True

    def has_permission(self) -> bool:
        """Ask for the verb's own right."""
        can = self.request.user.has_perm
        return can("segments.view_segment") and can(
            _NEEDS.get(self.kwargs["verb"], "segments.change_segment")
        )

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it."""
        if verb not in _NEEDS:
            raise Http404
        segment = get_object_or_404(Segment, pk=pk)
        done: HttpResponse = getattr(self, verb)(request, segment)
        return done

    def refresh(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        """Count it now, as a job to watch."""
        user: Any = request.user
        job = start_job("segments", now=clock.now(), user=user, parameters={"slugs": [segment.slug]})
        return redirect("admin:job", pk=job.pk)

    def copy(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        """Make another with the same rule, and open it."""
        if segment.kind == Segment.Kind.STATIC:
            messages.error(request, _("A list is copied by taking it out and pasting it into a new one."))
            return redirect("admin:segment", pk=segment.pk)
        user: Any = request.user
        name = _("%(name)s (copy)") % {"name": display_name(segment)[:140]}
        copied = Segment(name=name, description=display_description(segment), rule=segment.rule)
        try:
            made = save_segment(copied, now=clock.now(), user=user)
        except RuleError as error:
            messages.error(request, _("Its rule cannot be used: %(why)s") % {"why": error.message})
            return redirect("admin:segment", pk=segment.pk)
        dispatch.refresh(made.slug)
        return redirect("admin:segment_edit", pk=made.pk)

    def delete(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        """Remove it, unless something stands on it."""
        user: Any = request.user
        name = display_name(segment)
        try:
            delete_segment(segment, now=clock.now(), user=user)
        except InUseError as error:
            messages.error(request, str(error))
            return redirect("admin:segment", pk=segment.pk)
        messages.success(request, _("“%(name)s” is removed.") % {"name": name})
        return redirect("admin:segments_segment_changelist")
