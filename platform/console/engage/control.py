"""Pause, resume, cancel and pace a running campaign."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from campaigns.actions import cancel_campaign, pace_campaign, pause_campaign, resume_campaign
from campaigns.errors import CampaignNotReady
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
        verbs = {
            "pause": (pause_campaign, _("Paused. Nothing more is sent until you resume.")),
            "resume": (resume_campaign, _("Going on.")),
            "pace": (partial(pace_campaign, per_hour=wanted_pace(request)), _("The pace is changed.")),
            "cancel": (cancel_campaign, _("Cancelled. What was not sent stays unsent.")),
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
        return redirect("admin:campaign_report", pk=pk)
