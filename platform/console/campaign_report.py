"""What became of a campaign: its verdict, its audience in eight parts, and what people bought."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from campaigns.experiments.models import Experiment
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import NotComputableError
from campaigns.models import Campaign
from console.experiment import Verdict
from console.page import Page
from core import charts, clock
from core.templatetags.studio import percent
from delivery.models import Message, MessageState, Run, SkipReason
from delivery.selectors import Breakdown, breakdown, skip_reasons

OUTCOME_SECONDS = 60
LOG_ROWS = 25

#: What each group of people did in the goal window, by intention to treat: everybody who was to be
#: written to counts as such, whether the message went or not.
_OUTCOMES = """
    WITH people AS (
        SELECT customer_id, bool_and(state = 'held_out') AS held
        FROM delivery_message WHERE run_id = %(run)s GROUP BY customer_id
    ), bought AS (
        SELECT people.customer_id, count(DISTINCT event.order_id) AS orders, sum(event.amount) AS revenue
        FROM people JOIN events_event AS event ON event.customer_id = people.customer_id
        WHERE event.type = 'purchase' AND event.occurred_at >= %(start)s AND event.occurred_at < %(end)s
        GROUP BY people.customer_id
    )
    SELECT people.held, count(*), count(bought.customer_id),
           coalesce(sum(bought.orders), 0)::bigint, coalesce(sum(bought.revenue), 0)
    FROM people LEFT JOIN bought USING (customer_id) GROUP BY people.held
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a group of people did in the goal window."""

    people: int
    buyers: int
    orders: int
    revenue: Decimal

    @property
    def rate(self) -> float | None:
        """Return the share who ordered."""
        return self.buyers / self.people if self.people else None

    @property
    def per_person(self) -> Decimal | None:
        """Return the revenue for each person of the group."""
        return self.revenue / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Those who were written to beside those who were left alone."""

    written_to: Outcome
    held_out: Outcome
    start: datetime
    end: datetime


def outcomes(run: Run, days: int) -> Outcomes:
    """Return what both groups bought within `days` of the run's moment. One query by the customers' index."""
    end = run.as_of + timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, {"run": run.pk, "start": run.as_of, "end": end})
        rows = {held: Outcome(*figures) for held, *figures in cursor.fetchall()}
    nobody = Outcome(0, 0, 0, Decimal(0))
    return Outcomes(rows.get(False, nobody), rows.get(True, nobody), run.as_of, end)


def effect(found: Outcomes, alpha: float = 0.05) -> tuple[Verdict, charts.Range | None]:
    """Say what the campaign caused: the difference in the share who ordered, with its likely range."""
    treated, held = found.written_to, found.held_out
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
        """Return the report of the newest run, or what a draft still needs."""
        campaign = get_object_or_404(
            Campaign.objects.select_related(
                "segment", "experiment", "content__template", "pool", "promotion", "created_by"
            ),
            pk=self.kwargs["pk"],
        )
        self.title = campaign.name
        run = (
            Run.objects.filter(source="campaign", reference=str(campaign.pk)).order_by("-created_at").first()
        )
        context: dict[str, Any] = {
            "campaign": campaign,
            "run": run,
            "may_launch": self.request.user.has_perm("campaigns.launch_campaign"),
            "may_change": self.request.user.has_perm("campaigns.change_campaign"),
            "is_replay": bool(campaign.experiment and campaign.experiment.kind == Experiment.Kind.REPLAY),
            "variants": list(campaign.experiment.variants.all()) if campaign.experiment else [],
        }
        if run is not None:
            context |= self._results(campaign, run)
        return super().get_context_data(**context, **kwargs)

    def _results(self, campaign: Campaign, run: Run) -> dict[str, Any]:
        parts = breakdown([run.pk])[run.pk]
        found = cache.get_or_set(
            f"console:outcomes:{run.pk}:{campaign.goal_days}:{parts.held_out}",
            lambda: outcomes(run, campaign.goal_days),
            OUTCOME_SECONDS,
        )
        verdict, span = effect(found)
        context = {
            "parts": _tiles(parts),
            "audience": parts.audience,
            "parts_chart": charts.bars(
                _("Where the audience stands"),
                [(str(tile["name"]), tile["count"]) for tile in _tiles(parts) if tile["count"]],
                column=_("People"),
            )
            if parts.audience
            else None,
            "skipped": [
                (SkipReason(reason).label if reason in SkipReason.values else reason, count)
                for reason, count in skip_reasons(run).items()
            ],
            "outcomes": found,
            "verdict": verdict,
            "complete": found.end <= clock.knowledge_now() or _history_reaches(found.end),
            "forest": charts.forest(
                _("Difference in the share who ordered"),
                [span],
                columns=(_("Difference"), _("From"), _("To")),
            )
            if span
            else None,
        }
        if self.request.user.has_perm("delivery.view_message"):
            context["log"] = (
                Message.objects.filter(run=run).select_related("customer").order_by("-id")[:LOG_ROWS]
            )
        return context


def _tiles(parts: Breakdown) -> list[dict[str, Any]]:
    """Return the eight parts in the order in which a message passes through them."""
    labels = dict(MessageState.choices)
    return [
        {"name": labels[part.name], "state": part.name, "count": getattr(parts, part.name)}
        for part in fields(parts)
        if part.name != "audience"
    ]


def _history_reaches(moment: datetime) -> bool:
    """Say whether facts after the moment are there, as in a replay of the past."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM events_event WHERE occurred_at >= %s)", [moment])
        return bool(cursor.fetchone()[0])
