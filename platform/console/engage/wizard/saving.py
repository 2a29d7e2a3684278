"""The draft, saved while one plans."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from campaigns.actions import change_campaign
from campaigns.errors import CampaignNotReady, ChangedMeanwhile
from campaigns.models import Campaign
from console.answers import Answer, Refused
from console.engage.wizard.fields import read
from console.engage.wizard.testing import read_test, store_test
from core import clock


class Save(Answer):
    """Take changed fields by PATCH; what is wrong is said by field, and the rest is stored."""

    permission_required = ("campaigns.change_campaign",)
    errors = (ChangedMeanwhile, CampaignNotReady, ValidationError)
    http_method_names = ["get", "patch", "head", "options"]

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Lead to the first step."""
        return redirect("admin:campaign_plan", pk=pk, step="goal")

    def patch(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Store, or say in sentences what is wrong."""
        return self.post(request, **kwargs)

    @transaction.atomic
    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the new version, the time, and what could not be taken."""
        campaign = get_object_or_404(Campaign, pk=self.kwargs["pk"])
        given, version = body.get("fields"), body.get("version")
        if not isinstance(given, dict) or type(version) is not int:
            raise Refused(_("The page sent something that cannot be read. Reload it."), 400)
        user: Any = self.request.user
        now = clock.now()
        plan = {name: value for name, value in given.items() if name != "test"}
        changes, errors = read(campaign, plan)
        campaign = change_campaign(campaign, changes, version=version, user=user, now=now)
        if "test" in given:
            test, wrong = read_test(campaign, given["test"])
            if test is not None:
                campaign = store_test(campaign, test, user=user, now=now)
            errors |= wrong
        at = localtime(now)
        return {
            "version": campaign.version,
            "errors": errors,
            "name": campaign.name,
            "saved": _("Saved %(time)s") % {"time": time_format(at, "H:i")},
        }

    def refusal_of(self, error: Any) -> Refused:
        """Tell a conflict from what cannot be changed any more."""
        if isinstance(error, ChangedMeanwhile):
            return Refused(str(error), 409, conflict="changed")
        if isinstance(error, CampaignNotReady):
            return Refused(str(error), 409, conflict="launched")
        fields = getattr(error, "message_dict", {})
        return Refused(
            " ".join(error.messages), errors={name: " ".join(found) for name, found in fields.items()}
        )
