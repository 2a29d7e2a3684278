"""The delivery log, and its table for spreadsheets."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from accounts import audit
from accounts.models import User
from console.delivery.base import DeliveryPage, clean
from console.delivery.runs import campaign_names, title_of
from core import clock
from core.exports import csv_answer
from customers.models import Channel
from customers.selectors import by_external_id
from delivery.models import MessageState, Run, SkipReason
from delivery.selectors import log

PER_PAGE = 50
#: A customer that nobody is: the log is then empty.
NOBODY = -1


def filters_of(query: QueryDict) -> log.Filters:
    """Read the filters of an address. What cannot be read does not narrow."""
    words = clean(query.get("customer"))
    customer = by_external_id(words) if words else None
    return log.Filters(
        run=_uuid(query.get("run")),
        state=_one_of(query.get("state"), MessageState.values),
        reason=_one_of(query.get("reason"), SkipReason.values),
        channel=_one_of(query.get("channel"), Channel.values),
        customer=(customer.pk if customer else NOBODY) if words else None,
        since=_day(query.get("since")),
        until=_day(query.get("until"), next_day=True),
    )


class Log(DeliveryPage):
    """Every message, narrowed by state, reason, channel, time and customer."""

    permission_required = ("delivery.view_message",)
    template_name = "console/delivery/log.html"
    title = _("Delivery log")
    tab = "delivery_log"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page; its place is that of the last row, not a number."""
        query = self.request.GET
        filters, now = filters_of(query), clock.now()
        rows, more = log.page(filters, now=now, after=log.Place.parse(query.get("after", "")), size=PER_PAGE)
        told, who = log.receipts(rows), log.people(rows)
        runs = list({m.run_id: m.run for m in rows}.values())
        names = campaign_names(runs)
        kept = {name: clean(query.get(name)) for name in FIELDS if clean(query.get(name))}
        last = log.Place(rows[-1].run_id, rows[-1].id) if rows and more else None
        return super().get_context_data(
            rows=[
                {
                    "message": m,
                    "customer": who.get(m.customer_id),
                    "sending": names.get(m.run.reference) or title_of(m.run),
                    "receipt": told.get((m.run_id, m.id)),
                }
                for m in rows
            ],
            run=Run.objects.filter(pk=filters.run).first() if filters.run else None,
            given=kept,
            asked=urlencode(kept),
            next_page=urlencode(kept | {"after": str(last)}) if last else "",
            is_first="after" not in query,
            states=MessageState.choices,
            reasons=SkipReason.choices,
            channels=Channel.choices,
            window=log.WINDOW.days if not (filters.run or filters.customer or filters.since) else None,
            **kwargs,
        )


FIELDS = ("run", "state", "reason", "channel", "customer", "since", "until")


class LogExport(PermissionRequiredMixin, View):
    """The narrowed log as a table, streamed."""

    permission_required = ("delivery.view_message",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the rows; who took them along is noted."""
        now = clock.now()
        user = request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        audit.record(
            action="export_delivery_log", target=user, now=now, user=user,
            after={name: request.GET[name][:100] for name in FIELDS if request.GET.get(name)},
        )  # fmt: skip
        rows = log.export(filters_of(request.GET), now=now)
        return csv_answer(_with_head(rows), f"delivery-log-{now:%Y-%m-%d}.csv")


def _with_head(rows: Any) -> Any:
    yield log.EXPORT_COLUMNS
    yield from rows


def _one_of(value: str | None, known: list[str]) -> str:
    return value if value in known else ""


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value or "")
    except ValueError:
        return None


def _day(value: str | None, *, next_day: bool = False) -> datetime | None:
    try:
        day = parse_date(value or "")
        if day is None or not 2000 <= day.year < 2200:
            return None
        return datetime(day.year, day.month, day.day, tzinfo=get_current_timezone()) + timedelta(
            days=next_day
        )
    except ValueError:
        return None
