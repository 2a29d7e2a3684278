"""The tab Results: the verdict, the way from audience to order, money, arms, time and groups."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.experiments.models import Variant
from campaigns.experiments.statistics.proportions import compare_proportions
from campaigns.experiments.statistics.results import Interval, NotComputableError
from campaigns.impact import Effect, Span, effect_of
from campaigns.models import Campaign
from campaigns.planning.forecast import cost_of
from campaigns.reports.answers import funnel
from campaigns.reports.figures import Group, Outcome, Reached, added
from campaigns.schedule.sentences import in_words, pace_in_words
from campaigns.selectors import Report
from console.delivery.deliverability import alarm_notices
from console.delivery.runs import shares
from console.engage.report import pictures
from console.engage.report.base import LIVE, ReportPage, is_over
from console.engage.report.verdict import judge
from console.learn.copy_words import words_of
from console.learn.experiment import wilson
from console.offers.margins import coverage, known_margin, margin_share, percent_text
from core import charts, clock
from delivery.models import MessageState, SkipReason
from delivery.preferences.selectors import topic_name
from delivery.selectors import Breakdown
from profiles.models import Persona
from profiles.personas import display_name as persona_name
from segments.models import Segment
from segments.selectors import display_name as segment_name

#: Groups that are compared: the largest of each kind.
GROUPS = 8
#: Fewer people say nothing about a group.
LEAST_IN_GROUP = 30


class CampaignReport(ReportPage):
    """Results: what became of a campaign, or the plan of a draft."""

    template_name = "console/campaign/results.html"
    tab = "campaign_report"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the figures. About 20 queries, however many people."""
        campaign, found = self.campaign, self.figures()
        context: dict[str, Any] = {
            "variants": list(campaign.experiment.variants.all()) if campaign.experiment else [],
            "report": found,
            "schedule": in_words(campaign),
            "pace": pace_in_words(campaign),
            "topic": topic_name(campaign.topic),
            "open": campaign.state in (Campaign.State.SCHEDULED, *LIVE),
            "sendings": [(sending, shares(sending.parts)) for sending in found.sendings],
        }
        if found.run is not None:
            context |= self._results(found, context["variants"])
            context["alarms"] = [n for n in alarm_notices() if n["run"].pk == found.run.pk]
        return super().get_context_data(**context, **kwargs)

    def _results(self, found: Report, variants: list[Variant]) -> dict[str, Any]:
        treated, held = (added(found.outcomes, held_out=side) for side in (False, True))
        over = found.window is not None and is_over(found.window[1])
        replay = bool(found.campaign.experiment and found.campaign.experiment.kind == "replay")
        verdict, span = judge(found, over=over, is_replay=replay)
        people = self._people_url if self.request.user.has_perm("customers.view_customer") else None
        caused = None if replay else effect_of(found.outcomes)
        return {
            "verdict": verdict,
            "complete": over,
            "treated": treated,
            "held": held,
            "parts": _tiles(found.parts),
            "funnel": _funnel(found, people),
            "engagement": _engagement(found),
            "skipped": [
                (
                    SkipReason(reason).label if reason in SkipReason.values else reason,
                    count,
                    people({"reason": reason}) if people else "",
                )
                for reason, count in found.reasons.items()
            ],
            "money": _money(found, caused, margin_share(self.request.GET.get("margin"))),
            "credited": any(row.orders for row in found.attributed),
            "arms": _arms(found, variants) if len(variants) > 1 else [],
            "words": words_of(variants),
            "hours": pictures.first_hours(found.kept.figures.hours),
            "days": pictures.days_after(
                found.kept.figures.days,
                treated=treated.people,
                held=held.people,
                upto=_days_known(found),
            ),
            "groups": _groups(found.kept.figures.groups),
            "forest": charts.forest(
                _("Difference in the share who ordered"),
                [span],
                columns=(_("Difference"), _("From"), _("To")),
            )
            if span
            else None,
        }

    def _people_url(self, query: dict[str, str]) -> str:
        sending = {"sending": str(self.sending.pk)} if self.sending else {}
        return f"{reverse('admin:campaign_people', args=[self.campaign.pk])}?{urlencode(query | sending)}"


def _tiles(parts: Breakdown) -> list[dict[str, Any]]:
    """Return the eight parts in the order in which a message passes through them."""
    labels = dict(MessageState.choices)
    return [
        {"name": labels[part.name], "state": part.name, "count": getattr(parts, part.name)}
        for part in fields(parts)
        if part.name != "audience"
    ]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way from audience to order: `share` of the first one, `step` of the one before."""

    name: str
    people: int
    share: float
    step: float | None
    machines: int
    url: str


def _funnel(found: Report, people: Any) -> list[Stage]:
    """Return the way from audience to order. People only; machines stand beside them."""
    did, counts = found.engagement, funnel(found)
    steps: list[tuple[str, int, int, dict[str, str] | None]] = [
        (_("Audience"), counts["audience"], 0, {}),
        (_("May be written to"), counts["eligible"], 0, None),
        (_("Sent"), counts["sent"], 0, {"state": "sent"}),
        (_("Delivered"), counts["delivered"], 0, None),
        (_("Opened"), counts["opened"], did.opened_by_machine, {"did": "opened"}),
        (_("Clicked"), counts["clicked"], did.clicked_by_machine, {"did": "clicked"}),
        (_("Ordered"), counts["ordered"], 0, {"did": "ordered"}),
    ]
    stages: list[Stage] = []
    for name, count, machines, query in steps:
        before = stages[-1].people if stages else 0
        stages.append(
            Stage(
                name=name,
                people=count,
                share=min(count / counts["audience"], 1.0) if counts["audience"] else 0.0,
                step=count / before if before and count <= before else None,
                machines=machines,
                url=people(query) if people and query is not None else "",
            )
        )
    return stages


def _engagement(found: Report) -> list[dict[str, Any]]:
    """Return what went wrong with the messages, each with its share of those sent."""
    did, sent = found.engagement, found.parts.sent
    rows = [
        (_("Unsubscribed"), did.unsubscribed),
        (_("Came back"), did.bounced),
        (_("Complained"), did.complained),
    ]
    return [{"name": name, "people": n, "share": n / sent if sent else None} for name, n in rows]


def _money(found: Report, caused: Effect | None, typed: Decimal | None) -> dict[str, Any]:
    """Return revenue, what was given away and what messages cost, in the shop's currency.

    The margin is what somebody typed, else what the shop's products cost says.
    """
    known = known_margin() if caused and typed is None else None
    margin = typed if known is None else known.share
    cost = cost_of(found.campaign, found.parts.sent)
    treated = added(found.outcomes, held_out=False)
    left = None
    if caused and margin:
        left = _left(caused.total, margin, given=found.discount, cost=cost or Decimal(0))
    return {
        "orders": treated.orders,
        "revenue": treated.revenue,
        "each": treated.per_person,
        "attributed": found.attributed,
        "incremental": caused.total if caused else None,
        "discount": found.discount,
        "redemptions": found.redemptions,
        "cost": cost,
        "margin": margin,
        "margin_percent": percent_text(margin),
        "margin_known": coverage(known) if known else "",
        "left": left,
    }


def _left(extra: Span, margin: Decimal, *, given: Decimal, cost: Decimal) -> Span:
    """Return what is left of the extra revenue: the margin of its price before discounts, less all costs."""
    return Span(
        *((amount + given) * margin - given - cost for amount in (extra.value, extra.low, extra.high))
    )


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of the test: who ordered, with the likely range, and the lift over the control."""

    variant: Variant
    outcome: Outcome
    range: Interval
    lift: float | None
    lift_range: Interval | None
    reached: Reached


def _arms(found: Report, variants: list[Variant]) -> list[Arm]:
    outcomes = {o.variant: o for o in found.outcomes if not o.held_out}
    control = next((outcomes.get(v.key) for v in variants if v.is_control), None)
    rows = []
    for variant in sorted(variants, key=lambda v: (not v.is_control, v.pk)):
        mine = outcomes.get(variant.key, Outcome(variant.key, False, 0, 0, 0, Decimal(0)))
        lift, span = None, None
        if control is not None and not variant.is_control:
            try:
                compared = compare_proportions(control.buyers, control.people, mine.buyers, mine.people)
                lift = compared.lift.value if compared.lift else None
                span = compared.lift.interval if compared.lift else None
            except NotComputableError:
                pass
        theirs = [r for r in found.kept.figures.reached if r.variant == variant.key]
        reached = Reached(
            variant.key,
            "",
            sent=sum(r.sent for r in theirs),
            opened=sum(r.opened for r in theirs),
            clicked=sum(r.clicked for r in theirs),
        )
        rows.append(Arm(variant, mine, Interval(*wilson(mine.buyers, mine.people)), lift, span, reached))
    return rows


def _days_known(found: Report) -> int:
    """Return the days after the message that the facts reach."""
    if found.window is None:
        return 0
    begins, _ends = found.window
    known = (min(clock.known_until(clock.now()), found.window[1]) - begins).days + 1
    last = max((day.day for day in found.kept.figures.days), default=-1) + 1
    return max(1, min(found.campaign.goal_days, max(known, last)))


def _groups(groups: list[Group]) -> list[dict[str, Any]]:
    """Return the largest segments and the personas: who ordered among those written to and those held out."""
    sides: dict[tuple[str, str], dict[bool, Group]] = {}
    for group in groups:
        sides.setdefault((group.kind, group.key), {})[group.held_out] = group
    names = {("persona", str(p.number)): persona_name(p) for p in Persona.objects.all()}
    named = {key for kind, key in sides if kind == "segment"}
    names |= {("segment", s.slug): segment_name(s) for s in Segment.objects.filter(slug__in=named)}
    rows: dict[str, list[dict[str, Any]]] = {"segment": [], "persona": []}
    for (kind, key), side in sides.items():
        treated, held = side.get(False), side.get(True)
        if (kind, key) not in names or treated is None or treated.people < LEAST_IN_GROUP:
            continue
        difference = None
        if held is not None:
            try:
                difference = compare_proportions(
                    held.buyers, held.people, treated.buyers, treated.people
                ).difference
            except NotComputableError:
                difference = None
        rows[kind].append(
            {
                "name": names[kind, key],
                "treated": treated,
                "rate": treated.buyers / treated.people,
                "held": held,
                "held_rate": held.buyers / held.people if held and held.people else None,
                "difference": difference,
            }
        )
    titles = {"segment": _("By segment, as it was then"), "persona": _("By persona, as it is now")}
    return [
        {"title": titles[kind], "rows": sorted(found, key=lambda r: -r["treated"].people)[:GROUPS]}
        for kind, found in rows.items()
        if found
    ]
