"""A segment: how many and who, how that changed and why, who uses it, and what was done to it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import AuditEntry
from campaigns.models import Campaign
from console.page import Page
from console.segments.reach import reach_of
from console.segments.worth import worth_of
from core import clock
from core.charts import Chart, Series, area
from core.estimates import estimated_count
from core.exports import lists, may_export
from customers.models import Customer
from integrations.exports.services import PERSONAL, columns_of
from segments.explain import explain
from segments.models import Cause, Segment, SegmentMembership
from segments.overlap import overlap
from segments.rules import RuleError
from segments.selectors import display_description, display_name, moves, size_history, used_by

#: Members shown at once, and with each press of “Show more”.
FIRST = 10
MEMBERS = 25
MOVES = 8
RUNS = 8
#: A list of overlaps may be so old.
OVERLAP_SECONDS = 600


class SegmentPage(Page):
    """One segment. About twelve queries, whatever its size; reach and overlap are asked for afterwards."""

    permission_required = ("segments.view_segment",)
    template_name = "console/segments/segment.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what this person may see of the segment."""
        segment = get_object_or_404(Segment, pk=self.kwargs["pk"])
        self.title = display_name(segment)
        can = self.request.user.has_perm
        # The history of a segment is told in the shop's days.
        now = clock.knowledge_now()
        history = size_history(segment, now=now)
        context: dict[str, Any] = {
            "segment": segment,
            "description": display_description(segment),
            "words": in_words(segment),
            "share": segment.size / total
            if segment.size is not None and (total := estimated_count(Customer))
            else None,
            "size_chart": _size_chart(history),
            "flow_chart": _flow_chart(history),
            "entered": _moved(segment, "entered", since=now - timedelta(days=30)),
            "left": _moved(segment, "left", since=now - timedelta(days=30)),
            "runs": segment.runs.order_by("-started_at")[:RUNS],
            "last_run": segment.runs.order_by("-started_at").first(),
            "uses": used_by(segment.slug),
            "may_change": can("segments.change_segment"),
            "may_delete": can("segments.delete_segment"),
            "columns": _columns(self.request.user),
            "is_list": segment.kind == Segment.Kind.STATIC,
        }
        if can("customers.view_customer"):
            # With the first count the history begins; nobody entered then.
            stays = moves(segment).exclude(entered_by=Cause.FIRST)
            context["came"] = stays[:MOVES]
            context["went"] = moves(segment).filter(left_at__isnull=False).order_by("-left_at", "-pk")[:MOVES]
            context |= _members_page(segment, None, FIRST)
        if can("campaigns.view_campaign"):
            uses = Q(segment=segment) | Q(trigger_segment=segment)
            context["campaigns"] = Campaign.objects.filter(uses).order_by("-created_at")[:10]
        if can("accounts.view_auditentry"):
            entries = AuditEntry.objects.filter(object_type=segment._meta.label, object_id=str(segment.pk))
            context["audit"] = entries.order_by("-id")[:10]
        return super().get_context_data(**context, **kwargs)


def _columns(user: Any) -> list[str]:
    """Return the columns in which this person may take the members out; none without the right."""
    label = "segments.segment"
    if not may_export(user, label):
        return []
    return [column.name for column in columns_of(lists.get(label), personal=user.has_perm(PERSONAL))]


def in_words(segment: Segment) -> str:
    """Say the rule, or why it cannot be said."""
    if segment.kind == Segment.Kind.STATIC:
        return _("A list kept by hand: who is on it is in it.")
    try:
        return explain(segment.rule)
    except RuleError as error:
        return str(error)


def _moved(segment: Segment, way: str, *, since: datetime) -> dict[str, Any]:
    """Return how many entered or left, in all and by why, the most first. One query by index."""
    counted = (
        segment.memberships.filter(**{f"{way}_at__gte": since})
        .exclude(**{f"{way}_by": Cause.FIRST})
        .values_list(f"{way}_by")
        .annotate(people=Count("pk"))
        .order_by("-people")
    )
    rows = [(Cause(cause).label if cause else "", people) for cause, people in counted]
    return {"people": sum(people for _cause, people in rows), "why": [row for row in rows if row[0]]}


def _size_chart(history: list[dict[str, Any]]) -> Chart | None:
    if len(history) < 2:
        return None
    days = [day["at"] for day in history]
    return area(_("People in it"), days, [Series(_("people"), [day["size"] for day in history])])


def _flow_chart(history: list[dict[str, Any]]) -> Chart | None:
    if len(history) < 3 or not any(day["entered"] or day["left"] for day in history[1:]):
        return None
    days = [day["at"] for day in history[1:]]
    return area(
        _("Who came and went"),
        days,
        [
            Series(_("came"), [day["entered"] for day in history[1:]], "good"),
            Series(_("went"), [day["left"] for day in history[1:]], "accent"),
        ],
    )


def _members_page(segment: Segment, before: int | None, most: int = MEMBERS) -> dict[str, Any]:
    stays: QuerySet[SegmentMembership] = SegmentMembership.objects.filter(segment=segment, left_at=None)
    if before is not None:
        stays = stays.filter(pk__lt=before)
    rows = list(stays.select_related("customer__profile").order_by("-pk")[: most + 1])
    return {"members": rows[:most], "next": rows[most - 1].pk if len(rows) > most else None}


class Members(PermissionRequiredMixin, View):
    """The next members, by position: as quick on the last page as on the first."""

    permission_required = ("segments.view_segment", "customers.view_customer")
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return their rows, with a button for those after them."""
        segment = get_object_or_404(Segment, pk=pk)
        before = request.GET.get("before", "")
        context = _members_page(
            segment, int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
        )
        return render(request, "console/segments/members.html", {"segment": segment, **context})


class Company(PermissionRequiredMixin, View):
    """What the members are worth, how they can be reached, which other segments they are in.

    Asked for by the open page."""

    permission_required = ("segments.view_segment",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return both, from the cache while the members are the same."""
        segment = get_object_or_404(Segment, pk=pk)
        reach = reach_of(segment)
        context = {
            "segment": segment,
            "reach": [one for one in reach if one["people"]],
            "unreached": [str(one["channel"]) for one in reach if not one["people"]],
            "overlaps": _overlaps(segment),
        }
        if request.user.has_perm("profiles.view_customerprofile"):
            context["worth"] = worth_of(segment)
        return render(request, "console/segments/company.html", context)


class Reach(PermissionRequiredMixin, View):
    """How many members can be reached by which channel, for a row of the list."""

    permission_required = ("segments.view_segment",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Return the two best ways."""
        segment = get_object_or_404(Segment, pk=pk)
        ways = [one for one in reach_of(segment) if one["people"]][:2]
        return render(request, "console/segments/reach.html", {"ways": ways})


def _overlaps(segment: Segment) -> list[dict[str, Any]]:
    # The others are called by their names in the page's language.
    at = segment.refreshed_at and segment.refreshed_at.timestamp()
    name = f"segments:overlap:{segment.pk}:{at}:{get_language()}"
    rule = {"segment": segment.slug}

    def count() -> list[dict[str, Any]]:
        try:
            found = overlap(rule, as_of=clock.knowledge_now())
        except RuleError:
            return []
        return [one for one in found["segments"] if one["both"] and one["slug"] != segment.slug][:6]

    found: list[dict[str, Any]] = cache.get_or_set(name, count, OVERLAP_SECONDS) or []
    return [one | {"share": one["both"] / segment.size if segment.size else None} for one in found]
