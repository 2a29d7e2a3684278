"""The tab People: who, what became of the message, what they did and bought; and all of them as a file."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import User
from campaigns.models import Campaign
from campaigns.reports.people import ORDERED, doings, narrowed
from campaigns.selectors import runs_of
from console.engage.report.base import ReportPage
from console.palette import customers_like
from core import clock
from core.exports import csv_answer, lists
from delivery.models import MessageState, SkipReason
from delivery.selectors import log
from integrations.exports.services import AT_ONCE, begin, rows_of, start_long

PER_PAGE = 50
#: As many people are searched by name.
NAMED = 200
FIELDS = ("sending", "state", "reason", "arm", "did", "q")


class CampaignPeople(ReportPage):
    """Everybody of the audience, page by page, narrowed by state, reason, arm and what they did."""

    permission_required = ("campaigns.view_campaign", "customers.view_customer")
    template_name = "console/campaign/people.html"
    tab = "campaign_people"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page. Eight queries; the page's place is that of its last row."""
        ask = self.request.GET
        given = {name: text for name in FIELDS if (text := ask.get(name, "").replace("\0", "").strip()[:200])}
        known = clock.known_until(clock.now())
        named = (
            list(customers_like(words).values_list("pk", flat=True)[:NAMED])
            if (words := given.get("q"))
            else None
        )
        chosen = narrowed(self.campaign, self.runs, given, named=named, known=known)
        chosen = chosen.order_by("-run_id", "-id")
        after = log.Place.parse(ask.get("after", ""))
        if after is not None:
            chosen = chosen.filter(Q(run__lt=after.run) | Q(run=after.run, id__lt=after.id))
        rows = list(chosen.select_related("run")[: PER_PAGE + 1])
        more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
        who = log.people(rows)
        did = doings(self.campaign, rows, known=known)
        test = self.campaign.experiment
        arms = {v.key: v.name for v in test.variants.all()} if test else {}
        last = log.Place(rows[-1].run_id, rows[-1].id) if more else None
        return super().get_context_data(
            rows=[
                {
                    "message": m,
                    "customer": who.get(m.customer_id),
                    "arm": arms.get(m.context.get("variant") or "", ""),
                    "did": did[m.run_id, m.id],
                }
                for m in rows
            ],
            given=given,
            asked=urlencode(given),
            next_page=urlencode(given | {"after": str(last)}) if last else "",
            is_first="after" not in ask,
            states=MessageState.choices,
            reasons=SkipReason.choices,
            arms=arms.items() if len(arms) > 1 else (),
            doings=[
                ("opened", _("opened")),
                ("clicked", _("clicked")),
                (ORDERED, _("ordered")),
                ("unsubscribed", _("unsubscribed")),
                ("bounced", _("came back")),
            ],
            may_export=self.request.user.has_perm("integrations.export_campaigns"),
            **kwargs,
        )


class CampaignPeopleExport(PermissionRequiredMixin, View):
    """The people of a campaign as a file: at once when they are few, by a worker when they are many."""

    permission_required = ("campaigns.view_campaign", "integrations.export_campaigns")
    raise_exception = True

    def post(self, request: HttpRequest, pk: str) -> HttpResponseBase:
        """Write who takes it out into the audit log, and give the file."""
        campaign = get_object_or_404(Campaign, pk=pk)
        user, now, label = request.user, clock.now(), "delivery.run"
        if not isinstance(user, User):
            raise PermissionDenied
        runs = runs_of(campaign)
        wanted = lists.get(label)
        count = sum(runs.values_list("audience", flat=True))
        filters = {"ids": [str(run.pk) for run in runs], "query": ""}
        if count <= AT_ONCE:
            taken = begin(user, label, filters=filters, now=now, rows=count)
            return csv_answer(
                rows_of(wanted, runs, personal=taken.personal), f"{campaign.slug}-{now:%Y-%m-%d}.csv"
            )
        taken = begin(user, label, filters=filters, now=now)
        start_long(taken, now=now)
        return redirect("admin:export", pk=taken.pk)
