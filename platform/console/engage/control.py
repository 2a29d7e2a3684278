"""What is done with a campaign by one button: paused, taken back, approved, copied, filed."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from campaigns import actions
from campaigns.errors import CampaignNotReady, ChangedMeanwhile
from campaigns.models import Campaign
from core import clock


def wanted_pace(request: HttpRequest) -> int | None:
    """Return the messages an hour that were asked for, None for as fast as it goes; 0 for what is none."""
    written = "".join(c for c in request.POST.get("per_hour", "") if c not in " ,.'\u00a0\u202f")
    if not written:
        return None
    return int(written) if written.isascii() and written.isdigit() and len(written) < 12 else 0


class Control(PermissionRequiredMixin, View):
    """Do one verb to a campaign and go back to its report."""

    permission_required = ("campaigns.launch_campaign",)
    raise_exception = True

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Act, or say why not."""
        verbs: dict[str, tuple[Callable[..., Any], str]] = {
            "pause": (actions.pause_campaign, _("Paused. Nothing more is sent until you resume.")),
            "resume": (actions.resume_campaign, _("Going on.")),
            "pace": (
                partial(actions.pace_campaign, per_hour=wanted_pace(request)),
                _("The pace is changed."),
            ),
            "cancel": (actions.cancel_campaign, _("Cancelled. What was not sent stays unsent.")),
            "undo": (actions.undo_launch, _("Taken back. It is a draft again, and nothing has gone.")),
        }
        if verb not in verbs:
            raise Http404
        act, done = verbs[verb]
        campaign = get_object_or_404(Campaign, pk=pk)
        try:
            act(campaign, user=request.user, now=clock.now())
        except CampaignNotReady as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, done)
            if verb == "undo":
                return redirect("admin:campaign_plan", pk=pk, step="review")
        return redirect("admin:campaign_report", pk=pk)


class File(PermissionRequiredMixin, View):
    """Copy a campaign, put it into the archive, bring it back, throw a draft away."""

    permission_required = ("campaigns.view_campaign",)
    raise_exception = True
    #: Each verb asks for its own right too.
    needs = {
        "clone": "campaigns.add_campaign",
        "remind": "campaigns.add_campaign",
        "archive": "campaigns.change_campaign",
        "unarchive": "campaigns.change_campaign",
        "delete": "campaigns.delete_campaign",
    }

    def has_permission(self) -> bool:
        """Ask for the verb's right."""
        right = self.needs.get(self.kwargs["verb"], "campaigns.change_campaign")
        return super().has_permission() and self.request.user.has_perm(right)

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it and say so."""
        if verb not in self.needs:
            raise Http404
        campaign = get_object_or_404(Campaign.objects.select_related("experiment"), pk=pk)
        user: Any = request.user
        try:
            if verb in ("clone", "remind"):
                reminds = verb == "remind"
                copy = actions.clone_campaign(campaign, user=user, now=clock.now(), reminds=reminds)
                return redirect("admin:campaign_plan", pk=copy.pk, step="goal")
            if verb == "delete":
                actions.delete_campaign(campaign, user=user, now=clock.now())
                said = _("“%(name)s” is deleted.")
            else:
                archived = verb == "archive"
                actions.archive_campaign(campaign, archived=archived, user=user, now=clock.now())
                said = _("“%(name)s” is in the archive.") if archived else _("“%(name)s” is back.")
        except CampaignNotReady as refused:
            messages.error(request, str(refused))
            return redirect("admin:campaign_report", pk=pk)
        messages.success(request, said % {"name": campaign.name})
        return redirect("admin:campaigns_campaign_changelist")


class Approve(PermissionRequiredMixin, View):
    """Ask a second person, agree, or send back."""

    permission_required = ("campaigns.view_campaign",)
    raise_exception = True
    needs = {
        "ask": "campaigns.change_campaign",
        "approve": "campaigns.approve_campaign",
        "send-back": "campaigns.approve_campaign",
    }

    def has_permission(self) -> bool:
        """Ask for the verb's right."""
        right = self.needs.get(self.kwargs["verb"], "campaigns.approve_campaign")
        return super().has_permission() and self.request.user.has_perm(right)

    def post(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Do it and go back to the review."""
        if verb not in self.needs:
            raise Http404
        campaign = get_object_or_404(Campaign, pk=pk)
        try:
            said = self._done(campaign, verb)
        except (CampaignNotReady, ChangedMeanwhile, PermissionDenied) as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, said)
        return redirect("admin:campaign_plan", pk=pk, step="review")

    def _done(self, campaign: Campaign, verb: str) -> str:
        ask, now = self.request.POST, clock.now()
        user: Any = self.request.user
        if verb == "ask":
            note = ask.get("note", "").replace("\0", "")
            actions.ask_for_approval(campaign, user=user, now=now, note=note)
            return _("Asked. You see here what becomes of it.")
        if verb == "approve":
            seen = ask.get("version", "")
            version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
            actions.approve_campaign(campaign, user=user, now=now, version=version)
            return _("Approved. Its author can send it now.")
        actions.send_back(campaign, user=user, now=now, reason=ask.get("reason", "").replace("\0", ""))
        return _("Sent back, with your reason.")
