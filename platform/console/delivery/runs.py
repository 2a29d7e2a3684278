"""Sendings, and one of them live."""

import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from accounts import audit
from campaigns.actions import cancel_campaign, pace_campaign, pause_campaign, resume_campaign
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.schedule.sending import SOURCE as CAMPAIGN
from console.delivery.base import DeliveryPage
from console.engage.control import wanted_pace
from core import clock
from delivery import dispatch, services
from delivery.models import MessageState, Run, SkipReason
from delivery.selectors import Breakdown, breakdown
from delivery.selectors.unreached import causes, waiting

PER_PAGE = 25
#: The order of the bar: what is done first.
ORDER = ("sent", "sending", "claimed", "pending", "uncertain", "failed", "skipped", "held_out")
#: A speed is measured over about so many seconds.
SPEED_SECONDS = 30


class NotPossible(Exception):
    """What was asked for cannot be done with the sending as it is; the text says why."""


class Runs(DeliveryPage):
    """The newest sendings with their parts."""

    permission_required = ("delivery.view_run",)
    template_name = "console/delivery/runs.html"
    title = gettext_lazy("Sendings")
    tab = "delivery_runs"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of sendings; a query for them and one for their parts."""
        before = self.request.GET.get("before", "")
        found = Run.objects.order_by("-pk")
        try:
            found = found.filter(pk__lt=UUID(before)) if before else found
        except ValueError:
            before = ""
        runs = list(found[: PER_PAGE + 1])
        more, runs = len(runs) > PER_PAGE, runs[:PER_PAGE]
        parts = breakdown([run.pk for run in runs])
        names = campaign_names(runs)
        return super().get_context_data(
            rows=[(run, names.get(run.reference, ""), shares(parts[run.pk])) for run in runs],
            more=str(runs[-1].pk) if more else "",
            before=before,
            **kwargs,
        )


class RunPage(DeliveryPage):
    """One sending: how far it is, how fast, when it ends, and what can be done."""

    permission_required = ("delivery.view_run",)
    template_name = "console/delivery/run.html"
    tab = "delivery_runs"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the parts of this moment."""
        run = get_object_or_404(Run, pk=self.kwargs["pk"])
        name = campaign_names([run]).get(run.reference, "")
        self.title = name or title_of(run)
        parts = breakdown([run.pk])[run.pk]
        now = clock.now()
        may_act = self.request.user.has_perm(permission_for(run))
        found = causes(run=run.pk, since=now)
        labels, reasons = dict(MessageState.choices), dict(SkipReason.choices)
        return super().get_context_data(
            run=run,
            is_campaign=bool(name),
            parts=[(key, labels[MessageState(key)], getattr(parts, key)) for key in ORDER],
            shares=shares(parts),
            done=parts.audience - parts.pending - parts.claimed - parts.sending,
            audience=parts.audience,
            open=run.state in (Run.State.RUNNING, Run.State.PAUSED),
            speed=speed(run, parts, now) if run.state == Run.State.RUNNING else None,
            causes=[
                (cause, labels[MessageState(cause.state)], reasons.get(cause.reason, "")) for cause in found
            ],
            waiting=[(reasons.get(w.reason, w.reason), w) for w in waiting(run.pk)] if parts.pending else [],
            uncertain=parts.uncertain,
            may_act=may_act,
            **kwargs,
        )


class RunAct(PermissionRequiredMixin, View):
    """Do one verb to a sending and go back to it. A campaign's goes through the campaign."""

    raise_exception = True

    def get_permission_required(self) -> tuple[str, ...]:
        """Return the right that the sending's kind wants."""
        run = Run.objects.filter(pk=self.kwargs["pk"]).first()
        return (permission_for(run),)

    def post(self, request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
        """Act, or say why not."""
        if verb not in ("pause", "resume", "cancel", "pace"):
            raise Http404
        run = get_object_or_404(Run, pk=pk)
        try:
            now = clock.now()
            if verb == "pace":
                said = _pace(run, wanted_pace(request), request.user, now)
            else:
                said = _control(run, verb, request.user, now)
        except (CampaignNotReady, NotPossible) as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, said)
        return redirect("admin:delivery_run", pk=run.pk)


def _control(run: Run, verb: str, user: Any, now: datetime) -> str:
    done = {
        "pause": _("Paused. Nothing more is sent until you resume."),
        "resume": _("Going on."),
        "cancel": _("Cancelled. What was not sent stays unsent."),
    }[verb]
    if run.source == CAMPAIGN:
        act = {"pause": pause_campaign, "resume": resume_campaign, "cancel": cancel_campaign}[verb]
        act(get_object_or_404(Campaign, pk=run.reference), user=user, now=now)
        return done
    before = run.state
    moved = {
        "pause": lambda: services.pause(run),
        "resume": lambda: services.resume(run),
        "cancel": lambda: services.cancel(run, now=now),
    }[verb]()
    if not moved:
        raise NotPossible(_("This sending is over or already so."))
    audit.record(
        action=f"{verb}_run", target=run, now=now, user=user,
        before={"state": before}, after={"state": run.state},
    )  # fmt: skip
    if verb == "resume":
        dispatch.wake(run.pk)
    return done


def _pace(run: Run, per_hour: int | None, user: Any, now: datetime) -> str:
    done = _("The pace is changed.")
    if run.source == CAMPAIGN:
        pace_campaign(get_object_or_404(Campaign, pk=run.reference), per_hour=per_hour, user=user, now=now)
        return done
    before = run.per_hour
    try:
        changed = services.throttle(run, per_hour)
    except ValueError:
        raise NotPossible(_("Write how many messages an hour, 1 at least. To send none, pause it.")) from None
    if not changed:
        raise NotPossible(_("This sending is over or already so."))
    audit.record(
        action="pace_run", target=run, now=now, user=user,
        before={"per_hour": before}, after={"per_hour": per_hour},
    )  # fmt: skip
    if run.state == Run.State.RUNNING:
        dispatch.wake(run.pk)
    return done


def permission_for(run: Run | None) -> str:
    """Return the right needed to hold a sending."""
    return "campaigns.launch_campaign" if run and run.source == CAMPAIGN else "delivery.change_run"


def campaign_names(runs: list[Run]) -> dict[str, str]:
    """Return the names of the campaigns behind sendings, by their reference. One query."""
    ids = {run.reference for run in runs if run.source == CAMPAIGN}
    return {str(pk): name for pk, name in Campaign.objects.filter(pk__in=ids).values_list("pk", "name")}


def title_of(run: Run) -> str:
    """Return what a sending without a campaign is called."""
    if run.source == "direct":
        return _("Single messages of %(day)s") % {"day": run.reference}
    return f"{run.source} {run.reference}"


def shares(parts: Breakdown) -> list[tuple[str, float]]:
    """Return the parts of the bar as shares of the audience, leaving out the empty ones."""
    whole = parts.audience or 1
    return [(key, getattr(parts, key) / whole) for key in ORDER if getattr(parts, key)]


def speed(run: Run, parts: Breakdown, now: datetime) -> dict[str, Any] | None:
    """Return messages per minute and when it ends, from what earlier looks at the page saw."""
    key = f"console:run:{run.pk}"
    seen: list[tuple[float, int]] = cache.get(key) or []
    moment, done = time.time(), parts.audience - parts.pending - parts.claimed - parts.sending
    seen = [s for s in seen if moment - s[0] < SPEED_SECONDS][-30:]
    if not seen or moment - seen[-1][0] >= 1:
        cache.set(key, [*seen, (moment, done)], 2 * SPEED_SECONDS)
    if not seen or moment - seen[0][0] < 2 or done <= seen[0][1]:
        return None
    each_second = (done - seen[0][1]) / (moment - seen[0][0])
    left = parts.pending + parts.claimed + parts.sending
    return {"minute": each_second * 60, "ends": now + timedelta(seconds=left / each_second)}
