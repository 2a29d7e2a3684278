"""The lifecycle: who stands where, who went where between two days, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts.dispatch import start_job
from console.data.jobs import view_of
from console.page import Page
from console.people.sankey import Link, draw
from console.people.states import NAMES, ORDER, stages
from console.people.work import may_work
from core import clock
from profiles import flows, selectors
from profiles.dispatch import count_flows, going_on
from profiles.models import Study
from segments.models import Segment
from segments.services import save_segment

_DAY = timedelta(days=1)


class Days(forms.Form):
    """Two days to compare; each is seen at its end."""

    before = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    after = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order, and those that have not come yet."""
        found = super().clean() or {}
        before, after = found.get("before"), found.get("after")
        if before and after and before >= after:
            raise forms.ValidationError(_("The first day must lie before the second."))
        if after and after > localtime(clock.knowledge_now(), clock.shop_zone()).date():
            raise forms.ValidationError(_("The second day has not come yet."))
        return found

    def moments(self) -> tuple[datetime, datetime]:
        """Return the ends of both days in the shop's zone, the present at most."""
        return tuple(_end(self.cleaned_data[name]) for name in ("before", "after"))  # type: ignore[return-value]


def _end(day: Any) -> datetime:
    midnight = datetime.combine(day + _DAY, time.min, tzinfo=clock.shop_zone())
    return min(midnight, clock.knowledge_now())


@dataclass(frozen=True, slots=True)
class Row:
    """One state of the chain: where its people are 28 days later, and what to expect of them."""

    state: str
    name: Any
    people: int
    cells: list[tuple[str, float, int]]
    purchases: float
    expected: float
    to_lapse: float | None


class LifecyclePage(Page):
    """Stages, the flow between two days, and the transition matrix."""

    permission_required = ("profiles.view_study",)
    template_name = "console/people/lifecycle.html"
    title = gettext_lazy("Lifecycle")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the last study found and the flow asked for. Up to ten queries."""
        study = selectors.latest(Study.Kind.LIFECYCLE)
        known = study.content if study and study.known else {}
        people = stages()
        context: dict[str, Any] = {
            "study": study,
            "missing": study.content.get("missing", "") if study and not study.known else "",
            "stages": people,
            "everybody": sum(stage.people for stage in people),
            "states": [(state, NAMES[state]) for state in known.get("states", [])],
            "rows": _rows(known),
            "days": known.get("days"),
            "entering": known.get("entering", []),
            "may_list": self.request.user.has_perm("segments.add_segment"),
            **may_work(self.request, "study"),
        }
        if known:
            context |= _asked(self.request.GET, known)
        return super().get_context_data(**context, **kwargs)


def _rows(known: Mapping[str, Any]) -> list[Row]:
    rows = []
    for place, state in enumerate(known.get("states", [])):
        counts = known["counts"][place]
        cells = list(zip(known["states"], known["matrix"][place], counts, strict=True))
        figures = (known[name][place] for name in ("purchases", "expected", "to_lapse"))
        rows.append(Row(state, NAMES[state], sum(counts), cells, *figures))
    return rows


def _asked(query: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flow between the days in the address, else that of the last study."""
    found: Mapping[str, Any] | None = known.get("flows")
    if "before" in query and "after" in query:
        form = Days({"before": query["before"], "after": query["after"]})
        if not form.is_valid():
            return {"days_form": form}
        found = flows.counted(*form.moments(), clock.now())
        if found is None:
            given = flows.parameters(*form.moments())
            return {"days_form": form, "counting": going_on(clock.now(), "flows", given=given)}
        return {"days_form": form, **_shown(found)}
    if not found:
        return {"days_form": Days()}
    before, after = (_day(found[name]) for name in ("before", "after"))
    return {"days_form": Days(initial={"before": before, "after": after}), **_shown(found)}


def _day(moment: str) -> Any:
    # A moment at midnight ends the day before.
    return (localtime(clock.parse_moment(moment), clock.shop_zone()) - timedelta(microseconds=1)).date()


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    links = [
        Link(_state(link["source"]), _state(link["target"]), link["customers"]) for link in found["links"]
    ]
    whole = sum(link.people for link in links) or 1
    return {
        "flow": found,
        "before": _day(found["before"]),
        "after": _day(found["after"]),
        "picture": draw(links, ORDER),
        "links": [(link, link.people / whole, NAMES[link.left], NAMES[link.right]) for link in _most(links)],
        "moved": sum(link.people for link in links if link.left != link.right),
        "whole": whole,
    }


def _most(links: Sequence[Link]) -> list[Link]:
    """Return the links, those in which people moved first, most people first."""
    return sorted(links, key=lambda link: (link.left == link.right, -link.people))


def _state(node: str) -> str:
    return node.partition(":")[2]


class Compare(PermissionRequiredMixin, View):
    """Count the flow between two days, which takes seconds in a large shop."""

    permission_required = ("profiles.view_study",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start it where it is not counted yet, and show the page of these days."""
        form = Days(request.POST)
        given = {name: request.POST.get(name, "")[:10] for name in ("before", "after")}
        url = f"{reverse('admin:lifecycle')}?{urlencode(given)}#flow"
        if form.is_valid() and flows.counted(*form.moments(), clock.now()) is None:
            user: Any = request.user
            count_flows(*form.moments(), now=clock.now(), user=user, result_url=url)
        return redirect(url)


class Counting(PermissionRequiredMixin, View):
    """The part of the page that waits for a flow; it loads the page anew when the flow is there."""

    permission_required = ("profiles.view_study",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the share that is done; nothing where the days make no sense."""
        form = Days(request.GET)
        if not form.is_valid():
            return HttpResponse(status=286)
        job = going_on(clock.now(), "flows", given=flows.parameters(*form.moments()))
        if job is None:
            return HttpResponse(headers={"HX-Refresh": "true"})
        view = view_of(job, clock.now())
        return HttpResponse(f"{view['percent'] or 0}%")


class ListOf(PermissionRequiredMixin, View):
    """Make a list of those who went from one state to another."""

    permission_required = ("profiles.view_study", "segments.add_segment")
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the list, have it filled as a job, and show its progress."""
        form = Days(request.POST)
        left, right = request.POST.get("left", ""), request.POST.get("right", "")
        if not form.is_valid() or left not in ORDER or right not in ORDER:
            return redirect("admin:lifecycle")
        user: Any = request.user
        before, after = form.moments()
        last = date_format(form.cleaned_data["after"], "DATE_FORMAT")
        names = {"left": NAMES[left], "right": NAMES[right], "date": last}
        name = _("From %(left)s to %(right)s, %(date)s") % names
        segment = save_segment(Segment(kind=Segment.Kind.STATIC, name=name), now=clock.now(), user=user)
        url = reverse("admin:segment", args=[segment.pk])
        given = {**flows.parameters(before, after), "left": left, "right": right}
        job = start_job(
            "flow_list",
            now=clock.now(),
            user=user,
            parameters={**given, "segment": str(segment.pk), "user": user.pk},
            result_url=url,
        )
        return redirect("admin:job", pk=job.pk) if user.has_perm("accounts.view_job") else redirect(url)
