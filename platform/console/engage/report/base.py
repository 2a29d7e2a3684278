"""What the tabs of a campaign's report have in common."""

from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from campaigns import dispatch
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.selectors import Report, report, runs_of
from console.page import Page
from core import clock
from core.lookups import by_uuid
from delivery.models import Run

REPORT_SECONDS = 20
LIVE = (Campaign.State.RUNNING, Campaign.State.PAUSED)
_RELATED = (
    "segment",
    "experiment",
    "content__template",
    "pool",
    "promotion",
    "plan",
    "created_by",
    "trigger_segment",
)


class ReportPage(Page):
    """One tab. A subclass names `tab`, and `permission_required` beyond that of seeing campaigns."""

    permission_required = ("campaigns.view_campaign",)
    tab = ""

    @cached_property
    def campaign(self) -> Campaign:
        """Return the campaign of the address."""
        return get_object_or_404(Campaign.objects.select_related(*_RELATED), pk=self.kwargs["pk"])

    @cached_property
    def sending(self) -> Run | None:
        """Return the one sending that is asked for, None for all."""
        named = self.request.GET.get("sending")
        return by_uuid(runs_of(self.campaign).filter(retry_of=None), named) if named else None

    @cached_property
    def runs(self) -> list[Run]:
        """Return the sendings that are shown, the first one first."""
        if self.sending is not None:
            return [self.sending]
        return list(runs_of(self.campaign).filter(retry_of=None))

    def figures(self) -> Report:
        """Return the report: fresh while something is sent, else at most a little old."""
        campaign, sending = self.campaign, self.sending
        if campaign.state in LIVE:
            found = report(campaign, now=clock.now(), sending=sending)
        else:
            found = cache.get_or_set(
                f"console:campaign:{campaign.pk}:{campaign.state}:{sending.pk if sending else ''}",
                lambda: report(campaign, now=clock.now(), sending=sending),
                REPORT_SECONDS,
            )
        if found.kept.stale:
            dispatch.count_soon(campaign, sending)
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what stands above the tabs."""
        campaign, can = self.campaign, self.request.user.has_perm
        self.title = campaign.name
        test = campaign.experiment
        return super().get_context_data(
            campaign=campaign,
            launched=campaign.state != Campaign.State.DRAFT,
            may_launch=can("campaigns.launch_campaign"),
            may_change=can("campaigns.change_campaign"),
            is_replay=bool(test and test.kind == Experiment.Kind.REPLAY),
            one=self.sending is not None,
            tabs=self._tabs() if campaign.state != Campaign.State.DRAFT and not campaign.undo_until else [],
            **kwargs,
        )

    def _tabs(self) -> list[dict[str, Any]]:
        query, can = f"?sending={self.sending.pk}" if self.sending else "", self.request.user.has_perm
        writes = bool(self.campaign.content_id)  # a promotion that nobody is told of has results alone
        known = [
            ("campaign_report", _("Results"), True),
            ("campaign_content", _("Content"), writes),
            ("campaign_people", _("People"), writes and can("customers.view_customer")),
            ("campaign_log", _("Delivery log"), writes and can("delivery.view_message")),
        ]
        return [
            {
                "name": name,
                "url": reverse(f"admin:{url}", args=[self.campaign.pk]) + query,
                "here": url == self.tab,
            }
            for url, name, shown in known
            if shown
        ]


def is_over(moment: datetime) -> bool:
    """Say whether a moment has passed: by the clock, or because later facts are there already."""
    if moment <= clock.knowledge_now():
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM events_event WHERE occurred_at >= %s)", [moment])
        return bool(cursor.fetchone()[0])
