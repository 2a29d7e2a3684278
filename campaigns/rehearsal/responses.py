"""What people did after the shop's past campaigns: the part that history without this one cannot answer.

Every campaign of the channel whose window has closed is one draw; what is expected of the next is shrunk
towards an assumption that is stated (campaigns.experiments.base_rates), by as much as few or small campaigns
deserve. The difference that a campaign makes is read only from those that held people out, and shrunk towards
none: without such campaigns nothing is said about it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from uuid import UUID

from django.db.models import Count

from campaigns.coupons.models import Coupon, Redemption
from campaigns.experiments.base_rates import ASSUMED
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.planning.parts import parts_of
from campaigns.rehearsal.statistics import (
    Estimate,
    Prediction,
    Prior,
    Range,
    difference_of,
    logit,
    predict,
    share_estimate,
)
from campaigns.reports.figures import Outcome, added, read
from campaigns.schedule.sending import SOURCE
from customers.models import Channel

#: The newest campaigns that are looked at.
MOST = 60
#: Of fewer people a rate says next to nothing.
ENOUGH = 20
#: How sure the stated assumptions are: in log-odds, one standard deviation. Four shops of five lie between
#: a third and three times the assumed odds.
ASSUMED_SD = 0.85
#: How large effects of a campaign commonly are, one standard deviation: half a point of people who buy, 3 %
#: of what a person spends, and half of that from campaign to campaign.
EFFECT_SD, REVENUE_EFFECT_SD = 0.005, 0.03


@dataclass(frozen=True, slots=True)
class Past:
    """One past campaign in figures; `codes` were given out, `redeemed` of them used."""

    campaign_id: UUID
    channel: str
    parts: frozenset[str]
    sent: int
    opened: int
    clicked: int
    unsubscribed: int
    codes: int
    redeemed: int
    treated: Outcome
    held: Outcome


@dataclass(frozen=True, slots=True)
class Waiting:
    """A campaign that held people out and whose window is still open: what it caused is known after it."""

    slug: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Response:
    """What to expect of one kind of answer: the prediction in log-odds, and of how many campaigns and people
    it was learned. Of none it is the assumption alone."""

    key: str
    prediction: Prediction
    campaigns: int
    people: int

    @property
    def is_assumed(self) -> bool:
        """Say whether nothing was seen."""
        return not self.campaigns


@dataclass(frozen=True, slots=True)
class Effect:
    """What a campaign changes, for each person written to: the share that buys, and the revenue."""

    buyers: Range
    revenue: Range
    campaigns: int
    people: int


def past_campaigns(channel: str, *, as_of: datetime) -> list[Past]:
    """Return the newest campaigns of a channel whose windows closed before a moment. Four queries.

    Only what was counted up to then: a campaign that was counted later has told the future since. One that
    was played on history reached nobody.
    """
    tallies = Tally.objects.filter(
        source=SOURCE, run_id=None, ends_at__lte=as_of, known_until__lte=as_of, people__gt=0
    ).order_by("-begins_at", "pk")
    stored = {UUID(t.reference): t for t in tallies[: 4 * MOST] if t.known_until >= t.ends_at}
    campaigns = (
        Campaign.objects.filter(pk__in=stored, channel=channel)
        .exclude(experiment__kind=Experiment.Kind.REPLAY)
        .select_related("pool")
        .order_by("-launched_at", "pk")[:MOST]
    )
    return read_past(list(campaigns), stored, as_of)


def waited_for(channel: str, *, as_of: datetime) -> Waiting | None:
    """Return whose window closes next of a channel's campaigns that have people held out. Two queries."""
    tallies = Tally.objects.filter(
        source=SOURCE, run_id=None, begins_at__lte=as_of, ends_at__gt=as_of, people__gt=0
    ).order_by("ends_at", "pk")
    held = [t for t in tallies[: 4 * MOST] if (told := read(t.figures)) is not None
            and added(told.outcomes, held_out=True).people >= ENOUGH]  # fmt: skip
    campaigns = (
        Campaign.objects.filter(pk__in=[UUID(t.reference) for t in held], channel=channel)
        .exclude(experiment__kind=Experiment.Kind.REPLAY)
        .in_bulk()
    )
    return next(
        (Waiting(found.slug, found.name, t.ends_at) for t in held
         if (found := campaigns.get(UUID(t.reference)))),
        None,
    )  # fmt: skip


def read_past(campaigns: Sequence[Campaign], tallies: Mapping[UUID, Tally], as_of: datetime) -> list[Past]:
    """Return campaigns in figures, from what was counted of them. Two queries."""
    codes = _codes([c.pk for c in campaigns], as_of)
    found = []
    for campaign in campaigns:
        figures = read(tallies[campaign.pk].figures)
        if figures is None:
            continue
        given, used = codes.get(str(campaign.pk), (0, 0))
        found.append(
            Past(
                campaign_id=campaign.pk,
                channel=campaign.channel,
                parts=parts_of(campaign),
                sent=sum(r.sent for r in figures.reached),
                opened=sum(r.opened for r in figures.reached),
                clicked=sum(r.clicked for r in figures.reached),
                unsubscribed=sum(r.unsubscribed for r in figures.reached),
                codes=given,
                redeemed=used,
                treated=added(figures.outcomes, held_out=False),
                held=added(figures.outcomes, held_out=True),
            )
        )
    return found


def _codes(campaign_ids: Sequence[UUID], as_of: datetime) -> dict[str, tuple[int, int]]:
    """Return by campaign how many codes it gave out, and how many of them were used before a moment."""
    names = [str(pk) for pk in campaign_ids]
    given = dict(
        Coupon.objects.filter(assigned_for__in=names, assigned_at__lt=as_of)
        .values_list("assigned_for")
        .annotate(n=Count("pk"))
        .order_by()
    )
    used = dict(
        Redemption.objects.filter(coupon__assigned_for__in=names, rolled_back_at=None, redeemed_at__lt=as_of)
        .values_list("coupon__assigned_for")
        .annotate(n=Count("coupon", distinct=True))
        .order_by()
    )
    return {name: (n, used.get(name, 0)) for name, n in given.items()}


_COUNTED: dict[str, Callable[[Past], tuple[int, int]]] = {
    "opened": lambda past: (past.opened, past.sent),
    "clicked": lambda past: (past.clicked, past.sent),
    "unsubscribed": lambda past: (past.unsubscribed, past.sent),
    "redeemed": lambda past: (past.redeemed, past.codes),
}
#: What can be answered by each channel.
ANSWERS = {Channel.EMAIL: ("opened", "clicked", "unsubscribed"), Channel.SMS: ("clicked", "unsubscribed")}


def response(key: str, past: Sequence[Past]) -> Response:
    """Return what to expect of an answer: opened, clicked, unsubscribed, or redeemed (of codes given)."""
    counts = [_COUNTED[key](one) for one in past]
    counts = [(n, people) for n, people in counts if people >= ENOUGH]
    prior = Prior(logit(ASSUMED[key]), ASSUMED_SD)
    estimates = [share_estimate(min(n, people), people) for n, people in counts]
    return Response(key, predict(estimates, prior), len(counts), sum(people for _n, people in counts))


def effect(past: Sequence[Past], *, spend: float, parts: frozenset[str]) -> Effect | None:
    """Return what a campaign commonly changes, from those with people held out; None without any.

    `spend` is what a person of the audience spends anyway, in which differences of revenue are measured.
    Campaigns with the same parts (a message alone, or with a coupon) come first; without any, all count.
    """
    compared = [p for p in past if p.treated.people >= ENOUGH and p.held.people >= ENOUGH]
    alike = [p for p in compared if p.parts == parts] or compared
    if not alike:
        return None
    buyers = [_share_difference(p.treated, p.held) for p in alike]
    spends = [found for p in alike if (found := _relative_revenue(p.treated, p.held)) is not None]
    shift = difference_of(spends, sd=REVENUE_EFFECT_SD, spread=REVENUE_EFFECT_SD / 2)
    return Effect(
        buyers=difference_of(buyers, sd=EFFECT_SD, spread=EFFECT_SD / 2),
        revenue=shift.times(spend),
        campaigns=len(alike),
        people=sum(p.treated.people + p.held.people for p in alike),
    )


def _share_difference(treated: Outcome, held: Outcome) -> Estimate:
    """Return the difference of the shares that bought; a person is added to either side of each."""
    p = (treated.buyers + 1) / (treated.people + 2)
    q = (held.buyers + 1) / (held.people + 2)
    return Estimate(p - q, p * (1 - p) / treated.people + q * (1 - q) / held.people)


def _relative_revenue(treated: Outcome, held: Outcome) -> Estimate | None:
    """Return the difference of the revenue a person, in that of those held out (their noise included)."""
    if not held.revenue or not treated.revenue:
        return None
    means, errors = [], []
    for group in (treated, held):
        mean = float(group.revenue) / group.people
        variance = max(float(group.squares) / group.people - mean**2, 0.0)
        means.append(mean)
        errors.append(sqrt(variance / group.people) / mean)
    return Estimate(means[0] / means[1] - 1, (means[0] / means[1]) ** 2 * (errors[0] ** 2 + errors[1] ** 2))
