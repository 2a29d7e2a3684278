"""The tab Delivery log: what became of each message."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q

from console.engage.report.base import ReportPage
from delivery.models import Message, MessageState
from delivery.selectors import log

PER_PAGE = 50


class CampaignLog(ReportPage):
    """The delivery log: state, attempts, errors, receipts, the newest first."""

    permission_required = ("campaigns.view_campaign", "delivery.view_message")
    template_name = "console/campaign/log.html"
    tab = "campaign_log"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page of messages that were to go out."""
        found = Message.objects.filter(run__in=[run.pk for run in self.runs])
        found = found.exclude(state=MessageState.HELD_OUT).order_by("-run_id", "-id")
        after = log.Place.parse(self.request.GET.get("after", ""))
        if after is not None:
            found = found.filter(Q(run__lt=after.run) | Q(run=after.run, id__lt=after.id))
        rows = list(found[: PER_PAGE + 1])
        more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
        who, told = log.people(rows), log.receipts(rows)
        last = log.Place(rows[-1].run_id, rows[-1].id) if more else None
        kept = {"sending": str(self.sending.pk)} if self.sending else {}
        return super().get_context_data(
            rows=[(m, who.get(m.customer_id), told.get((m.run_id, m.id))) for m in rows],
            run=self.runs[-1] if self.runs else None,
            next_page=urlencode(kept | {"after": str(last)}) if last else "",
            asked=urlencode(kept),
            is_first="after" not in self.request.GET,
            **kwargs,
        )
