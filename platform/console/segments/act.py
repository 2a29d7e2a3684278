"""What is done to a segment: counted anew, copied, removed."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.dispatch import start_job
from console import undo
from core import clock
from segments import dispatch
from segments.models import Segment
from segments.rules import RuleError
from segments.selectors import display_description, display_name
from segments.services import InUseError, SlugTakenError, delete_segment, save_segment

_NEEDS = {
    "refresh": "segments.change_segment",
    "copy": "segments.add_segment",
    "delete": "segments.delete_segment",
}


#: What a removed segment is made of again. Who came and went is gone with it.
_KEPT = ("slug", "name", "description", "rule", "ready_made")
_SALT, _UNDO_WITHIN = "console.segments.removed", timedelta(hours=1)


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
        said = _("“%(name)s” is removed.") % {"name": name}
        if segment.kind == Segment.Kind.DYNAMIC and user.has_perm("segments.add_segment"):
            kept = signing.dumps(_remembered(segment), salt=_SALT, compress=True)
            undo.offer(request, said, reverse("admin:segment_restore"), {"kept": kept})
        else:
            messages.success(request, said)
        return redirect("admin:segments_segment_changelist")


def _remembered(segment: Segment) -> dict[str, Any]:
    return {name: getattr(segment, name) for name in _KEPT} | {"id": str(segment.pk)}


class Restore(PermissionRequiredMixin, View):
    """Take back the removal of a segment: the same rule under the same address, counted anew."""

    permission_required = ("segments.add_segment",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store it again. What the browser sends was signed by us when it was removed."""
        user: Any = request.user
        try:
            kept = signing.loads(request.POST.get("kept", ""), salt=_SALT, max_age=_UNDO_WITHIN)
        except signing.BadSignature:
            messages.error(request, _("It is too late to take this back."))
            return redirect("admin:segments_segment_changelist")
        if Segment.objects.filter(pk=kept["id"]).exists():
            return redirect("admin:segment", pk=kept["id"])
        try:
            back = save_segment(Segment(pk=kept.pop("id"), **kept), now=clock.now(), user=user)
        except (RuleError, SlugTakenError) as error:
            messages.error(request, str(error))
            return redirect("admin:segments_segment_changelist")
        dispatch.refresh(back.slug)
        messages.success(
            request, _("“%(name)s” is back; its people are being counted.") % {"name": back.name}
        )
        return redirect("admin:segment", pk=back.pk)
