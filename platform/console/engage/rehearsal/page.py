"""A campaign's rehearsal: what the past says, what a launch would bring, what each figure rests on."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import Job
from campaigns.actions.locking import RELATED
from campaigns.models import Campaign
from campaigns.rehearsal import dispatch
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.selectors import going_on, jobs_of, newest, rehearsals_of
from campaigns.rehearsal.words import (
    LABELS,
    MARKS,
    REASONS,
    range_text,
    rests_on,
    sentences,
    value_text,
)
from console.data.jobs import view_of
from console.engage.rehearsal.pictures import reach_chart, share_chart
from console.page import Page
from core import clock
from core.lookups import by_uuid

#: Earlier rehearsals that are listed.
LISTED = 10
#: How each mark is shown.
TONES = {"measured": "ok", "modelled": "info", "assumed": "warn", "unknown": ""}


class RehearsalPage(Page):
    """The newest rehearsal of a campaign, or the one that is named."""

    permission_required = ("campaigns.view_campaign",)
    template_name = "console/engage/rehearsal/page.html"

    @cached_property
    def campaign(self) -> Campaign:
        """Return the campaign of the address."""
        return get_object_or_404(Campaign.objects.select_related(*RELATED), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the rehearsal and the work on the next one. About ten queries."""
        campaign, now = self.campaign, clock.now()
        self.title = _("Rehearsal of %(name)s") % {"name": campaign.name}
        found = newest(campaign)
        shown = self._named() or (found.rehearsal if found else None)
        last = jobs_of(campaign).first()
        job = view_of(last, now) if last and last.state != Job.State.DONE else None
        return super().get_context_data(
            campaign=campaign,
            shown=shown,
            stale=bool(found and shown == found.rehearsal and found.stale),
            is_newest=bool(found and shown == found.rehearsal),
            job=job if job and (job["open"] or job["stale"] or job["job"].error) else None,
            others=list(rehearsals_of(campaign)[:LISTED]),
            may_change=self.request.user.has_perm("campaigns.change_campaign"),
            may_watch=self.request.user.has_perm("accounts.view_job"),
            **(told(shown) if shown else {}),
            **{name: value for name, value in kwargs.items() if name != "pk"},
        )

    def _named(self) -> Rehearsal | None:
        named = self.request.GET.get("rehearsal")
        return by_uuid(rehearsals_of(self.campaign), named) if named else None


class Rehearse(PermissionRequiredMixin, View):
    """The button: start it, and show how far it is."""

    permission_required = ("campaigns.change_campaign",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Start the job; one that is under way is shown."""
        campaign = get_object_or_404(Campaign, pk=pk)
        user: Any = request.user
        page = reverse("admin:campaign_rehearsal", args=[campaign.pk])
        dispatch.begin(campaign, now=clock.now(), as_of=clock.knowledge_now(), user=user, result_url=page)
        return redirect(page)


def panel(campaign: Campaign, user: Any) -> dict[str, Any]:
    """Return what the review shows of the newest rehearsal. Four to six queries."""
    found = newest(campaign)
    return {
        "rehearsed": found,
        "rehearsal_says": sentences(found.rehearsal) if found else [],
        "rehearsing": going_on(campaign, now=clock.now()),
        "may_rehearse": user.has_perm("campaigns.change_campaign"),
    }


def told(kept: Rehearsal) -> dict[str, Any]:
    """Return a rehearsal as the page shows it."""
    dates = kept.figures["dates"]
    says = sentences(kept)
    return {
        "headline": says[0],
        "further": says[1:],
        "expected": [
            {
                "label": LABELS[f["key"]],
                "value": value_text(f),
                "range": range_text(f) if f["low"] != f["high"] else "",
                "share": f["share"],
                "mark": f["mark"],
                "mark_name": MARKS[f["mark"]],
                "tone": TONES[f["mark"]],
                "why": rests_on(f, dates=len(dates)),
            }
            for f in kept.figures["expected"]
            if f["mark"] != "unknown"
        ],
        "unknown": _unknown(kept.figures["expected"], len(dates)),
        "dates": [_date(d) for d in dates],
        "dropped": _reasons(dates),
        "triggered": bool(kept.inputs.get("triggered")),
        "assumes_consents": any(d["consents_today"] for d in dates),
        "reach_chart": reach_chart(dates) if dates else None,
        "share_chart": share_chart(kept) if dates else None,
    }


def _unknown(figures: Sequence[dict[str, Any]], dates: int) -> list[tuple[str, str]]:
    """Return what is not known by why, each reason once."""
    found: dict[str, list[str]] = {}
    for f in figures:
        if f["mark"] == "unknown":
            found.setdefault(rests_on(f, dates=dates), []).append(str(LABELS[f["key"]]))
    return [(" · ".join(labels), why) for why, labels in found.items()]


def _date(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "at": datetime.fromisoformat(one["at"]),
        "share": one["buyers"] / one["people"] if one["people"] else None,
        "left": sum(one["dropped"].values()),
        "revenue": Decimal(one["revenue"]),
    }


def _reasons(dates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return who dropped out by which rule, a row a rule and a column a date."""
    return [
        {"label": label, "counts": [d["dropped"].get(key, 0) for d in dates]}
        for key, label in REASONS.items()
        if any(d["dropped"].get(key) for d in dates)
    ]
