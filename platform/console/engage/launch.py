"""The page before sending: who will be written to now, who not and why, and the one button."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from campaigns.actions import launch_campaign, preview_campaign
from campaigns.actions.preview_campaign import Preview
from campaigns.content.services import TemplateInvalid
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.schedule.sentences import in_words, pace_in_words
from console.page import Page
from core import clock

#: From here on the number has to be typed.
TYPE_ABOVE = 1000


class Review(Page):
    """Preview and launch."""

    permission_required = ("campaigns.launch_campaign",)
    template_name = "console/review.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the live preview, as of the shop's present."""
        campaign = _campaign(self.kwargs["pk"])
        self.title = campaign.name
        context: dict[str, Any] = {
            "campaign": campaign,
            "schedule": in_words(campaign),
            "pace": pace_in_words(campaign),
        }
        try:
            preview = _preview(campaign, self.request)
        except TemplateInvalid as invalid:
            context["problems"] = [str(invalid)]
        else:
            context |= {
                "preview": preview,
                "problems": preview.problems,
                "count": preview.reach.would_get,
                "leaving": _leaving(preview),
                "type_number": preview.reach.would_get > TYPE_ABOVE,
            }
        return super().get_context_data(**context, **kwargs)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Launch once; the typed number must fit what the page showed."""
        campaign = _campaign(pk)
        try:
            count = _preview(campaign, request).reach.would_get
            typed = "".join(c for c in request.POST.get("number", "") if c.isdigit())
            if count > TYPE_ABOVE and typed != str(count):
                messages.error(request, _("Type the number of people shown on the page, then send."))
                return redirect("admin:campaign_review", pk=pk)
            launch_campaign(campaign, user=request.user, now=clock.now(), as_of=clock.knowledge_now())
        except (CampaignNotReady, TemplateInvalid) as refused:
            messages.error(request, str(refused))
            return redirect("admin:campaign_review", pk=pk)
        said = _("“%(name)s” is on the schedule.") if in_words(campaign) else _("“%(name)s” is on its way.")
        messages.success(request, said % {"name": campaign.name})
        return redirect("admin:campaign_report", pk=pk)


def _preview(campaign: Campaign, request: HttpRequest) -> Preview:
    return preview_campaign(campaign, user=request.user, now=clock.now(), as_of=clock.knowledge_now())


def _leaving(preview: Preview) -> list[tuple[str, int]]:
    """Return who of the audience is not written to, by reason."""
    reach = preview.reach
    reasons = [
        (_("Held out, to measure the effect"), reach.held_out),
        (_("No consent to this channel and topic"), reach.no_consent),
        (_("Consent not confirmed, where the market asks for it"), reach.not_confirmed),
        (_("Address is suppressed"), reach.suppressed),
        (_("No address"), reach.no_address),
        (_("No coupon left in the pool"), preview.codes_missing),
    ]
    return [(reason, count) for reason, count in reasons if count]


def _campaign(pk: str) -> Campaign:
    related = (
        "segment",
        "experiment",
        "content__template",
        "pool__promotion",
        "promotion",
        "trigger_segment",
    )
    return get_object_or_404(Campaign.objects.select_related(*related), pk=pk)
