"""The page before sending: who will be written to now, who not and why, and the one button."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from campaigns.actions import launch_campaign, preview_campaign
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from console.page import Page
from core import clock

#: From here on the number has to be typed.
TYPE_ABOVE = 1000


class Review(Page):
    """Preview and launch."""

    permission_required = ("campaigns.launch_campaign",)
    template_name = "console/review.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the live preview."""
        campaign = _campaign(self.kwargs["pk"])
        self.title = campaign.name
        context: dict[str, Any] = {"campaign": campaign}
        try:
            preview = preview_campaign(campaign, user=self.request.user, now=clock.now())
        except CampaignNotReady as refused:
            context["refused"] = str(refused)
        else:
            context |= {"preview": preview, "type_number": preview.reachable > TYPE_ABOVE}
        return super().get_context_data(**context, **kwargs)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Launch once; the typed number must fit what the page showed."""
        campaign = _campaign(pk)
        try:
            preview = preview_campaign(campaign, user=request.user, now=clock.now())
            typed = "".join(c for c in request.POST.get("number", "") if c.isdigit())
            if preview.reachable > TYPE_ABOVE and typed != str(preview.reachable):
                messages.error(request, _("Type the number of people shown on the page, then send."))
                return redirect("admin:campaign_review", pk=pk)
            launch_campaign(campaign, user=request.user, now=clock.now())
        except CampaignNotReady as refused:
            messages.error(request, str(refused))
            return redirect("admin:campaign_review", pk=pk)
        messages.success(request, _("“%(name)s” is on its way.") % {"name": campaign.name})
        return redirect("admin:campaign_report", pk=pk)


def _campaign(pk: str) -> Campaign:
    return get_object_or_404(
        Campaign.objects.select_related("segment", "experiment", "content__template", "pool", "promotion"),
        pk=pk,
    )
