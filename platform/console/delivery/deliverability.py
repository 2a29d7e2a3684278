"""Deliverability: how mail was received, what stopped a run, and what the DNS says about the sender."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from campaigns.models import Campaign
from console.delivery.base import DeliveryPage
from core import clock
from delivery.deliverability.domain import check_domain, sender_domain, worst
from delivery.deliverability.guard import open_alarms
from delivery.deliverability.models import DomainCheck
from delivery.deliverability.selectors import health
from delivery.models import Return

DAYS = 30
RETURNS = 10
_ICONS = {"ok": "check_circle", "warn": "warning", "bad": "error", "": "help"}


class Deliverability(DeliveryPage):
    """Rates of the last days, alarms, the domain's records, and the latest returns."""

    permission_required = ("delivery.view_return",)
    template_name = "console/delivery/deliverability.html"
    tab = "delivery_deliverability"
    title = gettext_lazy("Deliverability")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the figures. Seven queries."""
        now = clock.now()
        check = DomainCheck.objects.filter(domain=sender_domain()).first()
        findings = [{**f, "icon": _ICONS[f["level"]]} for f in check.findings] if check else []
        return super().get_context_data(
            health=health(now=now, days=DAYS),
            days=DAYS,
            alarms=alarm_notices(),
            domain=sender_domain(),
            check=check,
            findings=findings,
            worst=worst(findings),
            returns=list(Return.objects.all()[:RETURNS]),
            may_check=self.request.user.has_perm("campaigns.launch_campaign"),
            **kwargs,
        )


class CheckDomain(PermissionRequiredMixin, View):
    """Ask the DNS now. All questions go out at once, so it ends within about three seconds."""

    permission_required = ("campaigns.launch_campaign",)
    raise_exception = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check, then show what was found."""
        check_domain(now=clock.now())
        messages.success(request, _("Checked. This is what the name servers answer now."))
        return redirect("admin:delivery_deliverability")


def alarm_notices() -> list[dict[str, Any]]:
    """Return what stopped the runs that still wait for a person, with the way to them."""
    found = open_alarms()
    references = [run.reference for _alarm, run in found if run.source == "campaign"]
    campaigns = {str(c.pk): c for c in Campaign.objects.filter(pk__in=references)}
    return [
        {
            "alarm": alarm,
            "run": run,
            "name": str(campaigns.get(run.reference, run)),
            "url": reverse("admin:campaign_report", args=[run.reference])
            if run.reference in campaigns
            else "",
        }
        for alarm, run in found
    ]
