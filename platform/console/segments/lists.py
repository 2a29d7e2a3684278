"""Lists kept by hand: made, changed, and what became of each line."""

from typing import Any

from django import forms
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.models import Job, User
from console.data.jobs import view_of
from console.page import Page
from console.segments import changes
from console.segments.references import Fault, Line, Unreadable, read
from core import clock
from core.exports import csv_answer
from segments.models import Segment
from segments.rules import RuleError
from segments.services import SlugTakenError, save_segment

#: Lines with faults that are shown; the number of all is said, and all can be downloaded.
SHOWN = 50


class ListForm(forms.ModelForm):
    """What a new list is called."""

    class Meta:
        model = Segment
        fields = ["name", "description"]


class NewList(Page):
    """A list that does not exist yet."""

    permission_required = ("segments.add_segment", "customers.view_customer")
    template_name = "console/segments/list.html"
    title = gettext_lazy("New list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the empty form, or the one that was sent."""
        return super().get_context_data(**{"form": ListForm(), **kwargs})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the list with its people, or show what is missing."""
        form = ListForm(request.POST)
        pasted = request.POST.get("people", "")
        try:
            if not form.is_valid():
                return self.render_to_response(self.get_context_data(form=form, pasted=pasted))
            lines, faults = read(pasted, request.FILES.get("file"))
            user: Any = request.user
            segment = save_segment(
                Segment(kind=Segment.Kind.STATIC, **form.cleaned_data), now=clock.now(), user=user
            )
        except (Unreadable, SlugTakenError, RuleError) as error:
            context = self.get_context_data(form=form, problem=str(error), pasted=pasted)
            return self.render_to_response(context)
        return _changed(segment, "add", lines, faults, user=user)


class Change(Page):
    """People put on a list, taken from it, or put in place of those on it."""

    permission_required = ("segments.change_segment", "customers.view_customer")
    template_name = "console/segments/list_change.html"
    http_method_names = ["post"]
    title = gettext_lazy("Change the list")

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Begin it, and go to what becomes of each line."""
        segment = get_object_or_404(Segment, pk=pk, kind=Segment.Kind.STATIC)
        how = request.POST.get("how", "add")
        pasted = request.POST.get("people", "")
        try:
            lines, faults = read(pasted, request.FILES.get("file"))
        except Unreadable as error:
            return self.render_to_response(
                self.get_context_data(segment=segment, problem=str(error), pasted=pasted, how=how)
            )
        user: Any = request.user
        quiet = bool(request.POST.get("quiet"))
        return _changed(
            segment,
            how if how in changes.WAYS else "add",
            lines,
            faults,
            user=user,
            quiet=quiet,
        )


def _changed(
    segment: Segment, how: str, lines: list[Line], faults: list[Fault], *, user: User, quiet: bool = False
) -> HttpResponse:
    job = changes.begin(segment, how, lines, faults, user=user, now=clock.now())
    if quiet and job.state == Job.State.DONE and not job.result["faults"]:
        return redirect("admin:segment", pk=segment.pk)
    return redirect("admin:segment_list_result", pk=job.pk)


class _OfChange(PermissionRequiredMixin):
    """What is shown of a change: to whoever may change lists and see people."""

    permission_required = ("segments.change_segment", "customers.view_customer")
    raise_exception = True
    kwargs: dict[str, Any]

    def job(self) -> Job:
        """Return the change's job."""
        return get_object_or_404(Job, pk=self.kwargs["pk"], kind=changes.KIND)


class ListResult(_OfChange, Page):
    """How far a change is, then what became of the lines."""

    template_name = "console/segments/list_result.html"
    title = gettext_lazy("Change of a list")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the progress, or the result with the first lines that were not taken."""
        job = self.job()
        segment = Segment.objects.filter(pk=job.parameters.get("segment")).first()
        context = view_of(job, clock.now()) | {"segment": segment, "result": job.result}
        if job.result:
            self.title = _("The list is changed")
            kept = changes.faults_of(job)
            context |= {
                "faults": (kept or [])[:SHOWN],
                "more": max(0, job.result["faults"] - SHOWN),
                "gone": kept is None,
                "days": changes.DAYS,
                "download": reverse("admin:segment_list_faults", args=[job.pk]),
            }
        return super().get_context_data(**context, **kwargs)


class Faults(_OfChange, View):
    """The lines that were not taken, as a file to mend and bring again."""

    def get(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """Return line, text and reason of each."""
        kept = changes.faults_of(self.job())
        if kept is None:
            raise Http404
        rows = ((fault.line.text, fault.line.number, _(fault.reason)) for fault in kept)
        return csv_answer(_with_heading(rows), "lines-not-taken.csv")


def _with_heading(rows: Any) -> Any:
    yield ("customer", "line", "why")
    yield from rows
