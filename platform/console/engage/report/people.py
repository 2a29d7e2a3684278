"""The tabs People and Delivery log: who, what became of the message, what they did and bought."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import User
from campaigns.models import Campaign
from campaigns.reports import keeping
from campaigns.selectors import runs_of
from console.engage.report.base import ReportPage
from console.palette import customers_like
from core import clock
from core.exports import csv_answer, lists
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.selectors import log
from events.models import Event, EventType
from integrations.exports.services import AT_ONCE, begin, rows_of, start_long

PER_PAGE = 50
#: One in so many is often.
OFTEN = 50
#: As many people are searched by name.
NAMED = 200
FIELDS = ("sending", "state", "reason", "arm", "did", "q")
#: What people can have done, by the event that tells it; orders are looked up apart.
DID = {
    "opened": "message_opened",
    "clicked": "message_clicked",
    "unsubscribed": "unsubscribe",
    "bounced": "message_bounced",
}
ORDERED = "ordered"


@dataclass(slots=True)
class Doings:
    """What one person did after the message of one sending."""

    opened: datetime | None = None
    clicked: datetime | None = None
    unsubscribed: datetime | None = None
    orders: int = 0
    amount: Decimal = Decimal(0)
    bought: list[str] = field(default_factory=list)


class CampaignPeople(ReportPage):
    """Everybody of the audience, page by page, narrowed by state, reason, arm and what they did."""

    permission_required = ("campaigns.view_campaign", "customers.view_customer")
    template_name = "console/campaign/people.html"
    tab = "campaign_people"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return one page. Eight queries; the page's place is that of its last row."""
        ask = self.request.GET
        given = {name: text for name in FIELDS if (text := ask.get(name, "").replace("\0", "").strip()[:200])}
        chosen = narrowed(self.campaign, self.runs, given).order_by("-run_id", "-id")
        after = log.Place.parse(ask.get("after", ""))
        if after is not None:
            chosen = chosen.filter(Q(run__lt=after.run) | Q(run=after.run, id__lt=after.id))
        rows = list(chosen.select_related("run")[: PER_PAGE + 1])
        more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
        who = log.people(rows)
        did = doings(self.campaign, rows)
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


def narrowed(campaign: Campaign, runs: Sequence[Run], given: dict[str, str]) -> QuerySet[Message]:
    """Return the messages of these runs that fit; what cannot be read does not narrow."""
    found = Message.objects.filter(run__in=[run.pk for run in runs])
    if given.get("state") in MessageState.values:
        found = found.filter(state=given["state"])
    if given.get("reason") in SkipReason.values:
        # The states are named so that their index is used.
        states = [MessageState.SKIPPED, MessageState.FAILED, MessageState.HELD_OUT]
        found = found.filter(skip_reason=given["reason"], state__in=states)
    if arm := given.get("arm"):
        found = found.filter(context__variant=arm)
    if words := given.get("q"):
        found = found.filter(customer__in=list(customers_like(words).values_list("pk", flat=True)[:NAMED]))
    if (did := given.get("did")) in DID:
        texts = [str(run.pk) for run in runs]
        if often(campaign, runs, did):
            since = min(run.created_at for run in runs)
            found = found.filter(RawSQL(_DID_EACH, [since, DID[did]], output_field=BooleanField()))  # noqa: S611
        else:
            found = found.filter(pk__in=RawSQL(_DID, [texts, DID[did]]))  # noqa: S611
    elif did == ORDERED:
        since = Case(When(run__open_until=None, then=F("run__as_of")), default=F("due_at"))
        bought = Event.objects.filter(
            customer=OuterRef("customer_id"),
            type=EventType.PURCHASE,
            occurred_at__gte=OuterRef("since"),
            occurred_at__lt=OuterRef("since") + timedelta(days=campaign.goal_days),
        ).filter(occurred_at__lt=clock.known_until(clock.now()))
        found = found.exclude(state=MessageState.HELD_OUT).annotate(since=since).filter(Exists(bought))
    return found


def often(campaign: Campaign, runs: Sequence[Run], did: str) -> bool:
    """Say whether so many did it that looking at one after the other soon fills a page."""
    figures = keeping.last(campaign, runs)
    people = sum(getattr(row, did) for row in figures.reached) if figures else 0
    return people * OFTEN >= sum(run.audience for run in runs) > 0


# Of many: by each one's own events, newest message first.
_DID_EACH = """EXISTS (
    SELECT FROM events_event e
     WHERE e.customer_id = delivery_message.customer_id AND e.occurred_at >= %s AND e.type = %s
       AND e.properties->>'run' = delivery_message.run_id::text
       AND (e.properties->>'message')::bigint = delivery_message.id
       AND NOT coalesce((e.properties->>'machine')::boolean, false))"""
# Of few: by the sending's events. The first types are those of the partial index.
_DID = """
SELECT (e.properties->>'message')::bigint FROM events_event e
 WHERE e.properties->>'run' = ANY(%s)
   AND e.type IN ('message_opened', 'message_clicked', 'message_bounced', 'message_complained', 'unsubscribe')
   AND e.type = %s AND NOT coalesce((e.properties->>'machine')::boolean, false)
"""

# By customer and time: what a page's people did, whatever the number of events of a sending.
_DOINGS = """
SELECT m.run_id, m.id, e.type, min(e.occurred_at), count(DISTINCT e.order_id),
       coalesce(sum(e.amount), 0), (array_agg(DISTINCT p.name) FILTER (WHERE p.name IS NOT NULL))[1:3]
  FROM unnest(%(runs)s::uuid[], %(ids)s::bigint[], %(people)s::bigint[], %(since)s::timestamptz[])
       AS m (run_id, id, customer_id, since)
  JOIN events_event e ON e.customer_id = m.customer_id
   AND (e.type = 'purchase' AND e.occurred_at >= m.since AND e.occurred_at < m.since + %(goal)s
                            AND e.occurred_at < %(known)s
        OR e.type IN ('message_opened', 'message_clicked', 'unsubscribe')
           AND e.properties->>'run' = m.run_id::text
           AND (e.properties->>'message')::bigint = m.id
           AND NOT coalesce((e.properties->>'machine')::boolean, false))
  LEFT JOIN catalog_product p ON p.id = e.product_id AND e.type = 'purchase'
 WHERE e.occurred_at >= %(first)s
 GROUP BY 1, 2, 3
"""


def doings(campaign: Campaign, rows: Sequence[Message]) -> dict[tuple[Any, int], Doings]:
    """Return what the people of some messages did, by (run, message). One query."""
    found = {(m.run_id, m.id): Doings() for m in rows}
    if not rows:
        return found
    since = [m.due_at if m.run.open_until else m.run.as_of for m in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            _DOINGS,
            {
                "runs": [m.run_id for m in rows],
                "ids": [m.id for m in rows],
                "people": [m.customer_id for m in rows],
                "since": since,
                "first": min(*since, *(m.run.created_at for m in rows)) if len(rows) else None,
                "goal": timedelta(days=campaign.goal_days),
                "known": clock.known_until(clock.now()),
            },
        )
        for run_id, key, kind, at, orders, amount, products in cursor.fetchall():
            one = found[run_id, key]
            match kind:
                case "message_opened":
                    one.opened = at
                case "message_clicked":
                    one.clicked = at
                case "unsubscribe":
                    one.unsubscribed = at
                case "purchase":
                    one.orders, one.amount, one.bought = max(orders, 1), amount, products or []
    return found


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
