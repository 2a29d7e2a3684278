"""Step 5: the preflight in full, the second person, and the button."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from campaigns import dispatch
from campaigns.actions import put_in_order
from campaigns.actions.approve_campaign import is_own
from campaigns.actions.locking import RELATED
from campaigns.audience import members
from campaigns.content.services import TemplateInvalid
from campaigns.errors import CampaignNotReady
from campaigns.models import Campaign
from campaigns.planning.approval import (
    APPROVE,
    approvers,
    is_approved,
    is_void,
    names,
    needs_approval,
)
from campaigns.planning.forecast import Forecast, forecast
from campaigns.planning.models import Approval
from campaigns.planning.parts import parts_in_words
from campaigns.preflight import Finding, findings, mails
from campaigns.schedule.learned_figures import known_of, people_by_hour
from campaigns.schedule.models import Timing
from campaigns.schedule.sentences import in_words, pace_in_words
from console.engage.rehearsal.page import panel
from console.engage.wizard.samples import look, samples
from console.engage.wizard.testing import share_of
from core import clock
from core.figures import money_text, number

#: From here on the number has to be typed.
TYPE_ABOVE = 1000
#: How many zones are told apart.
ZONES = 8


def context(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Return the plan in words; its figures come after."""
    experiment = campaign.experiment
    return {
        "parts_words": parts_in_words(campaign),
        "schedule": in_words(campaign),
        "pace": pace_in_words(campaign),
        "arms": list(experiment.variants.all()) if experiment else [],
    }


def live(campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    """Count and check everything now: what the open page asks for after it is shown."""
    now, as_of = clock.now(), clock.knowledge_now()
    found = findings(campaign, now=now)
    user: Any = request.user
    shown: dict[str, Any] = {"blocking": [f for f in found if f.blocks], "mails": mails(campaign)}
    foreseen = forecast(campaign, now=now, as_of=as_of)
    approval = _approval(campaign, user, now, as_of, foreseen)
    writes = mails(campaign) and campaign.timing != Timing.TRIGGERED
    try:
        shown |= _seen(campaign, request, now, as_of)
    except TemplateInvalid as error:
        shown["blocking"] = [*shown["blocking"], Finding("content", str(error))]
    return shown | {
        "forecast": foreseen,
        "warnings": [f for f in found if not f.blocks] + _warnings(campaign, foreseen),
        "first": _first(campaign, foreseen),
        **_zones(foreseen),
        **_hours(campaign, as_of),
        "schedule": in_words(campaign),
        "triggered": campaign.timing == Timing.TRIGGERED,
        "goes_now": campaign.timing == Timing.NOW,
        "type_number": writes and foreseen.people > TYPE_ABOVE,
        "currency": campaign.pool.promotion.currency if campaign.pool else "",
        "may_launch": user.has_perm("campaigns.launch_campaign"),
        "may_change": user.has_perm("campaigns.change_campaign"),
        **approval,
        **panel(campaign, user),
    }


def _first(campaign: Campaign, foreseen: Forecast) -> dict[str, int] | None:
    """Return how many get it first, and after how many days the rest, of a test that chooses its winner."""
    share = share_of(campaign.experiment)
    if share is None or campaign.experiment is None:
        return None
    return {"people": round(foreseen.people * share), "days": campaign.experiment.window_days}


def _zones(foreseen: Forecast) -> dict[str, Any]:
    """Return when it arrives where most people live, and how many zones there are besides."""
    names = list(dict.fromkeys(line.zone for line in foreseen.zones))
    most = set(names[:ZONES])
    lines = [line for line in foreseen.zones if line.zone in most]
    return {
        "zones": lines,
        "more_zones": max(0, len(names) - ZONES),
        "by_arm": any(line.arm for line in lines),
    }


def _hours(campaign: Campaign, as_of: datetime) -> dict[str, Any]:
    """Return how many people have which learned hour, the most first, and how many their own. 4 queries."""
    if not campaign.learned_hours or campaign.timing == Timing.TRIGGERED or not mails(campaign):
        return {}
    audience = members(campaign, as_of=as_of)
    counted = people_by_hour(audience)
    rows = sorted(counted.items(), key=lambda row: (row[0] is None, -row[1]))
    return {
        "hours": [
            {"name": _("the usual time") if hour is None else f"{hour}:00", "people": people}
            for hour, people in rows
        ],
        "hours_known": known_of(audience),
    }


def _seen(campaign: Campaign, request: HttpRequest, now: datetime, as_of: datetime) -> dict[str, Any]:
    if campaign.content is None or not mails(campaign):
        return {}
    sees = request.user.has_perm("customers.view_customer")
    return look(campaign, samples(campaign, as_of=as_of, sees_people=sees), request, now=now)


def _approval(
    campaign: Campaign, user: Any, now: datetime, as_of: datetime, foreseen: Forecast
) -> dict[str, Any]:
    approved = is_approved(campaign)
    needed = not approved and needs_approval(
        campaign, user=user, now=now, as_of=as_of, people=foreseen.reach.reachable
    )
    asked = campaign.approval == Approval.ASKED
    others = names(approvers().exclude(pk=user.pk)) if needed or asked else ""
    return {
        "needs_approval": needed,
        "approved": approved,
        "void": is_void(campaign),
        "asked": asked,
        "sent_back": campaign.approval == Approval.SENT_BACK,
        "may_decide": asked and user.has_perm(APPROVE) and not is_own(campaign, user),
        "others": others,
    }


def _warnings(campaign: Campaign, foreseen: Forecast) -> list[Finding]:
    """Return what does not stand in the way, but is worth knowing before."""
    found = []
    triggered = campaign.timing == Timing.TRIGGERED
    if mails(campaign) and foreseen.people <= 0 and not triggered:
        found.append(Finding("audience", _("Nobody would get it now. Choose another audience."), False))
    if foreseen.codes_missing and foreseen.stock:
        words = {"free": number(foreseen.stock.free), "missing": number(foreseen.codes_missing)}
        found.append(
            Finding(
                "content",
                _(
                    "The pool has %(free)s codes left: %(missing)s people would go without and be left out. "
                    "Generate more."
                )
                % words
                if not foreseen.goes_without_code
                else _("The pool has %(free)s codes left: %(missing)s people get the message without one.")
                % words,
                False,
            )
        )
    if foreseen.waiting:
        words = {"n": number(foreseen.waiting)}
        found.append(
            Finding(
                "goal",
                _("%(n)s people have quiet hours then. Theirs waits until these are over.") % words,
                False,
            )
        )
    if mails(campaign) and campaign.experiment is None:
        found.append(
            Finding("test", _("Nobody is held out, so nobody can say what the campaign caused."), False)
        )
    if campaign.pool and foreseen.liability is None and foreseen.codes:
        found.append(
            Finding("content", _("What a code would cost is not known: none was used so far."), False)
        )
    elif foreseen.liability is not None and campaign.pool and campaign.pool.promotion.budget is not None:
        left = campaign.pool.promotion.budget - campaign.pool.promotion.spent
        whole = (foreseen.code_value or 0) * foreseen.codes
        if whole > left:
            said = _(
                "If everybody used their code it would cost more than the budget of %(left)s that is left."
            )
            found.append(
                Finding("content", said % {"left": money_text(left, campaign.pool.promotion.currency)}, False)
            )
    return found


class Send(PermissionRequiredMixin, View):
    """The button: in order now, on its way in a minute, unless it is taken back."""

    permission_required = ("campaigns.launch_campaign",)
    raise_exception = True

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Lead to the review."""
        return redirect("admin:campaign_plan", pk=pk, step="review")

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Put in order once; the typed number must fit what is true now."""
        campaign = get_object_or_404(Campaign.objects.select_related(*RELATED), pk=pk)
        now, as_of = clock.now(), clock.knowledge_now()
        user: Any = request.user
        writes = mails(campaign) and campaign.timing != Timing.TRIGGERED
        try:
            if writes and campaign.state == Campaign.State.DRAFT:
                people = forecast(campaign, now=now, as_of=as_of).people
                typed = "".join(c for c in request.POST.get("number", "") if c.isdigit())
                if people > TYPE_ABOVE and typed != str(people):
                    messages.error(request, _("Type the number of people shown on the page, then send."))
                    return redirect("admin:campaign_plan", pk=pk, step="review")
            campaign = put_in_order(campaign, user=user, now=now, as_of=as_of)
        except (CampaignNotReady, TemplateInvalid) as refused:
            messages.error(request, str(refused))
            return redirect("admin:campaign_plan", pk=pk, step="review")
        if campaign.undo_until is not None:
            dispatch.begin_at(campaign.undo_until)
        return redirect("admin:campaign_report", pk=pk)
