"""What became of a campaign: its verdict, its audience in eight parts, and what people bought."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from campaigns.experiments.models import Experiment
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.models import Campaign
from campaigns.schedule.sentences import in_words, pace_in_words
from campaigns.selectors import Outcome, Report, report, runs_of
from console.delivery.deliverability import alarm_notices
from console.delivery.runs import shares
from console.learn.experiment import Verdict
from console.page import Page
from core import charts, clock
from core.templatetags.studio import percent
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.preferences.selectors import readable
from delivery.selectors import Breakdown, log

REPORT_SECONDS = 20
LOG_ROWS = 25
_LIVE = (Campaign.State.RUNNING, Campaign.State.PAUSED)


def added(outcomes: Iterable[Outcome], *, held_out: bool) -> Outcome:
    """Return the outcomes of all variants, or of those held out, as one group."""
    group = [o for o in outcomes if o.held_out == held_out]
    return Outcome(
        variant=None,
        held_out=held_out,
        people=sum(o.people for o in group),
        buyers=sum(o.buyers for o in group),
        orders=sum(o.orders for o in group),
        revenue=sum((o.revenue for o in group), start=Decimal(0)),
    )


def per_person(outcome: Outcome) -> Decimal | None:
    """Return the revenue for each person of the group, None for an empty one."""
    return outcome.revenue / outcome.people if outcome.people else None


def effect(treated: Outcome, held: Outcome, alpha: float = 0.05) -> tuple[Verdict, charts.Range | None]:
    """Say what the campaign caused: the difference in the share who ordered, with its likely range."""
    if not held.people:
        return Verdict(
            "",
            "help",
            _("What it caused cannot be said."),
            _("Nobody was held out, so there is nobody to compare with."),
        ), None
    try:
        difference = compare_proportions(
            held.buyers, held.people, treated.buyers, treated.people, alpha=alpha
        ).difference
    except NotComputableError:
        return Verdict(
            "", "hourglass_empty", _("Too early to say."), _("The groups are still too small to compare.")
        ), None
    low, high = difference.interval.low, difference.interval.high
    detail = _(
        "%(treated)s of those written to ordered, against %(held)s of those held out. "
        "The likely range of the difference is %(low)s to %(high)s percentage points."
    ) % {
        "treated": percent(treated.rate),
        "held": percent(held.rate),
        "low": f"{low * 100:+.1f}",
        "high": f"{high * 100:+.1f}",
    }
    span = charts.Range(_("Written to − held out"), low, difference.value, high)
    if low > 0:
        return Verdict("ok", "trending_up", _("More people ordered because of it."), detail), span
    if high < 0:
        return Verdict("bad", "trending_down", _("Fewer people ordered because of it."), detail), span
    return Verdict("", "balance", _("No effect on orders can be seen."), detail), span


class CampaignReport(Page):
    """Results, people left out, and the delivery log of a campaign."""

    permission_required = ("campaigns.view_campaign",)
    template_name = "console/campaign.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the report, or the plan of a draft."""
        related = (
            "segment",
            "experiment",
            "content__template",
            "pool",
            "promotion",
            "created_by",
            "trigger_segment",
        )
        campaign = get_object_or_404(Campaign.objects.select_related(*related), pk=self.kwargs["pk"])
        self.title = campaign.name
        found = _report(campaign, self._sending(campaign))
        context: dict[str, Any] = {
            "campaign": campaign,
            "launched": campaign.state != Campaign.State.DRAFT,
            "may_launch": self.request.user.has_perm("campaigns.launch_campaign"),
            "may_change": self.request.user.has_perm("campaigns.change_campaign"),
            "is_replay": bool(campaign.experiment and campaign.experiment.kind == Experiment.Kind.REPLAY),
            "variants": list(campaign.experiment.variants.all()) if campaign.experiment else [],
            "report": found,
            "schedule": in_words(campaign),
            "pace": pace_in_words(campaign),
            "topic": settings.MESSAGE_TOPICS.get(campaign.topic, readable(campaign.topic)),
            "open": campaign.state in (Campaign.State.SCHEDULED, *_LIVE),
            "one": "sending" in self.request.GET,
            "sendings": [(sending, shares(sending.parts)) for sending in found.sendings],
        }
        if found.run is not None:
            context |= _results(found)
            context["alarms"] = [n for n in alarm_notices() if n["run"].pk == found.run.pk]
            if self.request.user.has_perm("delivery.view_message"):
                written = Message.objects.filter(run=found.run).exclude(state=MessageState.HELD_OUT)
                rows = list(written.order_by("-id")[:LOG_ROWS])
                people = log.people(rows)  # not by a join, which would hide who was erased
                context["log"] = [(message, people.get(message.customer_id)) for message in rows]
        return super().get_context_data(**context, **kwargs)

    def _sending(self, campaign: Campaign) -> Run | None:
        """Return the one sending that is asked for, None for all."""
        named = self.request.GET.get("sending")
        if not named:
            return None
        try:
            return get_object_or_404(runs_of(campaign).filter(retry_of=None), pk=UUID(named))
        except ValueError:
            raise Http404 from None


def _report(campaign: Campaign, sending: Run | None) -> Report:
    """Return the figures: at most a little old once nothing is sent any more, fresh until then."""
    if campaign.state in _LIVE:
        return report(campaign, now=clock.now(), sending=sending)
    found: Report = cache.get_or_set(
        f"console:campaign:{campaign.pk}:{campaign.state}:{sending.pk if sending else ''}",
        lambda: report(campaign, now=clock.now(), sending=sending),
        REPORT_SECONDS,
    )
    return found


def _results(found: Report) -> dict[str, Any]:
    treated, held = (added(found.outcomes, held_out=side) for side in (False, True))
    verdict, span = effect(treated, held)
    tiles = _tiles(found.parts)
    return {
        "parts": tiles,
        "parts_chart": charts.bars(
            _("Where the audience stands"),
            [(str(tile["name"]), tile["count"]) for tile in tiles if tile["count"]],
            column=_("People"),
        )
        if found.parts.audience
        else None,
        "skipped": [
            (SkipReason(reason).label if reason in SkipReason.values else reason, count)
            for reason, count in found.reasons.items()
        ],
        "treated": treated,
        "held": held,
        "treated_each": per_person(treated),
        "held_each": per_person(held),
        "verdict": verdict,
        "engagement": _engagement(found),
        "attributed": found.attributed,
        "credited": any(row.orders for row in found.attributed),
        "complete": found.window is not None and _over(found.window[1]),
        "forest": charts.forest(
            _("Difference in the share who ordered"), [span], columns=(_("Difference"), _("From"), _("To"))
        )
        if span
        else None,
    }


def _engagement(found: Report) -> list[dict[str, Any]]:
    """Return what people did with the messages, each with its share of those sent. Machines are left out."""
    did, sent = found.engagement, found.parts.sent
    rows = [
        (_("Opened"), did.opened, did.opened_by_machine),
        (_("Clicked"), did.clicked, did.clicked_by_machine),
        (_("Unsubscribed"), did.unsubscribed, 0),
        (_("Came back"), did.bounced, 0),
        (_("Complained"), did.complained, 0),
    ]
    return [
        {"name": name, "people": people, "share": people / sent if sent else None, "machines": machines}
        for name, people, machines in rows
    ]


def _tiles(parts: Breakdown) -> list[dict[str, Any]]:
    """Return the eight parts in the order in which a message passes through them."""
    labels = dict(MessageState.choices)
    return [
        {"name": labels[part.name], "state": part.name, "count": getattr(parts, part.name)}
        for part in fields(parts)
        if part.name != "audience"
    ]


def _over(moment: datetime) -> bool:
    """Say whether the goal window is over: by the clock, or because later facts are there already."""
    if moment <= clock.knowledge_now():
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM events_event WHERE occurred_at >= %s)", [moment])
        return bool(cursor.fetchone()[0])
