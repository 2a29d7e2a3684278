"""Lists kept by hand: ids and e-mail addresses, pasted or from a file, with what is wrong in which line."""

import csv
import io
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from console.page import Page
from core import clock
from segments import lists
from segments.models import Segment
from segments.rules import RuleError
from segments.services import SlugTakenError, save_segment

MOST = 100_000  # lines
LARGEST = 10_000_000  # bytes
#: Lines with faults that are shown; the number of all is said.
SHOWN = 200
#: A first line of one of these is a heading.
_HEADINGS = {
    "id",
    "customer",
    "customer id",
    "customer_id",
    "external_id",
    "email",
    "e-mail",
    "mail",
    "客户",
    "客户id",
    "邮箱",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A reference with its place."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that was not taken, and why."""

    line: Line
    reason: str


class Unreadable(ValueError):
    """What was pasted or uploaded cannot be read at all."""


class ListForm(forms.ModelForm):
    """What a new list is called."""

    class Meta:
        model = Segment
        fields = ["name", "description"]


def read(text: str, upload: Any) -> tuple[list[Line], list[Fault]]:
    """Return the references, one a line or in the first column, and the lines that hold none.

    Raises Unreadable when there is nothing, too much, or no text in the file.
    """
    if upload is not None:
        if upload.size > LARGEST:
            raise Unreadable(
                _("The file is larger than %(mb)d MB. Bring it in under Import.") % {"mb": LARGEST // 10**6}
            )
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Unreadable(_("This is not a text in UTF-8. Save it as CSV UTF-8.")) from None
    lines, faults, seen = [], [], {}
    for number, row in enumerate(_rows(text), start=1):
        line = Line(number, row)
        if not row or (number == 1 and row.lower() in _HEADINGS):
            continue
        if "\0" in row or len(row) > 320:
            faults.append(
                Fault(Line(number, row[:50].replace("\0", "�")), _("This is neither an id nor an address."))
            )
        elif row in seen:
            faults.append(Fault(line, _("The same as line %(n)d.") % {"n": seen[row]}))
        else:
            seen[row] = number
            lines.append(line)
    if not lines and not faults:
        raise Unreadable(_("Paste ids or e-mail addresses, one a line, or choose a file."))
    if len(lines) > MOST:
        raise Unreadable(_("More than %(n)s lines. Bring them in under Import.") % {"n": f"{MOST:,}"})
    return lines, faults


def _rows(text: str) -> list[str]:
    """Return the first cell of each line, whatever separates the cells."""
    rows = []
    for raw in text.splitlines():
        first = next((mark for mark in raw if mark in ",;\t"), ",")
        try:
            cells = next(csv.reader(io.StringIO(raw), delimiter=first), [])
        except csv.Error:
            cells = [raw]
        rows.append(cells[0].strip() if cells else "")
    return rows


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
        try:
            if not form.is_valid():
                return self.render_to_response(
                    self.get_context_data(form=form, pasted=request.POST.get("people", ""))
                )
            lines, faults = read(request.POST.get("people", ""), request.FILES.get("file"))
            user: Any = request.user
            segment = save_segment(
                Segment(kind=Segment.Kind.STATIC, **form.cleaned_data), now=clock.now(), user=user
            )
        except (Unreadable, SlugTakenError, RuleError) as error:
            context = self.get_context_data(
                form=form, problem=str(error), pasted=request.POST.get("people", "")
            )
            return self.render_to_response(context)
        return _result(request, segment, "add", lines, faults)


class Change(PermissionRequiredMixin, View):
    """People put on a list, taken from it, or put in place of those on it."""

    permission_required = ("segments.change_segment", "customers.view_customer")
    raise_exception = True

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Do it and show what became of each line."""
        segment = get_object_or_404(Segment, pk=pk, kind=Segment.Kind.STATIC)
        how = request.POST.get("how", "add")
        try:
            lines, faults = read(request.POST.get("people", ""), request.FILES.get("file"))
        except Unreadable as error:
            return _shown(request, segment, {"problem": str(error)})
        return _result(request, segment, how if how in ("add", "remove", "replace") else "add", lines, faults)


def _result(
    request: HttpRequest, segment: Segment, how: str, lines: list[Line], faults: list[Fault]
) -> HttpResponse:
    user: Any = request.user
    work = {"add": lists.add, "remove": lists.remove, "replace": lists.replace}[how]
    result = work(segment, [line.text for line in lines], now=clock.now(), user=user)
    unknown = set(result["unknown"])
    faults = faults + [Fault(line, _("No customer has it.")) for line in lines if line.text in unknown]
    if not faults and request.POST.get("quiet"):
        return redirect("admin:segment", pk=segment.pk)
    faults.sort(key=lambda fault: fault.line.number)
    return _shown(
        request, segment, {"result": result, "faults": faults[:SHOWN], "more": max(0, len(faults) - SHOWN)}
    )


def _shown(request: HttpRequest, segment: Segment, context: dict[str, Any]) -> HttpResponse:
    page = ListResult()
    page.setup(request)
    return render(request, ListResult.template_name, page.get_context_data(segment=segment, **context))


class ListResult(Page):
    """What became of the lines."""

    template_name = "console/segments/list_result.html"
    title = gettext_lazy("The list is changed")
