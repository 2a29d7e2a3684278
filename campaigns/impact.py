"""What campaigns caused: revenue of those written to against that of those held out at random.

Everybody who was meant to be written to counts, whether or not a message arrived (intention to treat), so
that both groups are alike but for the campaign. The interval is Welch's (1947, Biometrika 34); revenue is
skewed, so it is trustworthy from some dozens of buyers on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from campaigns.experiments.models import Experiment
from campaigns.experiments.statistics.means import compare_means
from campaigns.experiments.statistics.moments import Moments
from campaigns.experiments.statistics.proportions import with_t
from campaigns.experiments.statistics.results import Interval, NotComputableError
from campaigns.models import Campaign
from campaigns.outcomes.models import Attribution, AttributionModel, Tally
from campaigns.reports.figures import Cohort, Outcome, added, read
from campaigns.schedule.sending import SOURCE

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Span:
    """An amount with its likely range."""

    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Effect:
    """The revenue that a campaign brought beyond what would have come anyway, in the shop's currency.

    `per_person` is the difference between the groups' means, `total` that times the people written to.
    """

    people: int
    held: int
    difference: float
    se: float
    df: float
    p_value: float
    interval: Interval

    @property
    def per_person(self) -> Span:
        """Return what each person written to brought."""
        return _span(self.difference, self.interval, 1)

    @property
    def total(self) -> Span:
        """Return what all of them brought."""
        return _span(self.difference, self.interval, self.people)

    @property
    def certain(self) -> bool:
        """Say whether the likely range leaves no doubt about the direction."""
        return 0 not in self.interval


@dataclass(frozen=True, slots=True)
class Impact:
    """What the campaigns of a period brought.

    `attributed` are the orders of the period put down to campaigns by the last touch; `covered` is the
    share of them that campaigns with a hold-out make up, None where nothing is attributed. `incremental`
    is what the messages of the period have caused so far in the `campaigns` with a hold-out: None when there
    is none, or too few people yet.
    """

    attributed: Decimal
    incremental: Span | None
    covered: float | None
    campaigns: int


@dataclass(frozen=True, slots=True)
class Moment:
    """What campaigns had caused by a moment; None while too few people were held out."""

    at: datetime
    incremental: Span | None
    campaigns: int


def moments(outcome: Outcome) -> Moments:
    """Return count, mean and centred squares of each person's revenue; who bought nothing is a zero."""
    if not outcome.people:
        return Moments(0, 0.0, 0.0)
    mean = outcome.revenue / outcome.people
    # In decimals: as floats the two sums would cancel each other out.
    centred = max(outcome.squares - mean * outcome.revenue, Decimal(0))
    return Moments(outcome.people, float(mean), float(centred))


def incremental(treated: Outcome, held: Outcome, *, alpha: float = 0.05) -> Effect | None:
    """Compare the revenue per person of those written to and of those held out.

    None where it cannot be said: fewer than ten people in a group, or nobody bought anything.
    """
    try:
        found = compare_means(moments(held), moments(treated), alpha=alpha).difference
    except NotComputableError:
        return None
    return Effect(
        people=treated.people,
        held=held.people,
        difference=found.value,
        se=found.se,
        df=found.df or 0.0,
        p_value=found.p_value,
        interval=found.interval,
    )


def effect_of(outcomes: Iterable[Outcome]) -> Effect | None:
    """Compare all arms together with those held out."""
    rows = list(outcomes)
    return incremental(added(rows, held_out=False), added(rows, held_out=True))


def impact_of_shop(since: datetime, until: datetime) -> Impact:
    """Return what campaigns brought between two moments of the shop's time. Three queries.

    It reads what was counted last (campaigns.reports.keeping), so it costs as much for a million people.
    The total of several campaigns adds their effects and the variances of these; that somebody was in two
    of them is not accounted for. A campaign that was played on history caused nothing.
    """
    credited = {
        reference: amount or Decimal(0)
        for reference, amount in Attribution.objects.filter(
            ordered_at__gte=since, ordered_at__lt=until, model=AttributionModel.LAST, source=SOURCE
        )
        .values_list("reference")
        .annotate(amount=Sum("amount"))
        .order_by()
    }
    replays = Campaign.objects.filter(experiment__kind=Experiment.Kind.REPLAY).values_list("pk", flat=True)
    played = {str(pk) for pk in replays}
    tallies = Tally.objects.filter(source=SOURCE, run_id=None).filter(
        Q(begins_at__lt=until, ends_at__gte=since) | Q(reference__in=list(credited))
    )
    effects, with_holdout = [], set()
    for reference, stored in tallies.values_list("reference", "figures"):
        figures = read(stored)
        if (
            reference in played
            or figures is None
            or not any(o.held_out and o.people for o in figures.outcomes)
        ):
            continue
        with_holdout.add(reference)
        begun = [c for c in figures.cohorts if since <= datetime.fromisoformat(c.at) < until]
        if effect := incremental(_pooled(begun, held_out=False), _pooled(begun, held_out=True)):
            effects.append(effect)
    whole = sum(credited.values(), start=Decimal(0))
    covered = sum((credited[r] for r in with_holdout if r in credited), start=Decimal(0))
    return Impact(
        attributed=whole,
        incremental=together(effects),
        covered=float(covered / whole) if whole else None,
        campaigns=len(effects),
    )


def impact_over_time(since: datetime, until: datetime, points: int = 26) -> list[Moment]:
    """Return what campaigns had caused by evenly spaced moments of a period, the last one at its end.

    Each moment adds up all windows begun between `since` and it, with the orders known today, so the last one
    equals impact_of_shop. Two queries; a campaign is computed anew only where a window of its began: 100
    campaigns take about 50 ms.
    """
    replays = Campaign.objects.filter(experiment__kind=Experiment.Kind.REPLAY).values_list("pk", flat=True)
    played = {str(pk) for pk in replays}
    tallies = Tally.objects.filter(source=SOURCE, run_id=None, begins_at__lt=until, ends_at__gte=since)
    begun = []
    for reference, stored in tallies.values_list("reference", "figures"):
        figures = read(stored)
        if reference in played or figures is None:
            continue
        cohorts = [(datetime.fromisoformat(c.at), c) for c in figures.cohorts]
        inside = sorted(((at, c) for at, c in cohorts if since <= at < until), key=lambda row: row[0])
        if any(c.held_out and c.people for _at, c in inside):
            begun.append(inside)
    step = (until - since) / points
    found: list[Moment] = []
    known: list[tuple[int, Effect | None]] = [(0, None)] * len(begun)
    for number in range(1, points + 1):
        end = until if number == points else since + step * number
        for place, inside in enumerate(begun):
            count = sum(at < end for at, _cohort in inside)
            if count != known[place][0]:
                rows = [cohort for _at, cohort in inside[:count]]
                effect = incremental(_pooled(rows, held_out=False), _pooled(rows, held_out=True))
                known[place] = (count, effect)
        effects = [effect for _count, effect in known if effect is not None]
        found.append(Moment(end, together(effects), len(effects)))
    return found


def _pooled(cohorts: Iterable[Cohort], *, held_out: bool) -> Outcome:
    group = [c for c in cohorts if c.held_out == held_out]
    return Outcome(
        variant=None,
        held_out=held_out,
        people=sum(c.people for c in group),
        buyers=0,
        orders=0,
        revenue=sum((c.revenue for c in group), start=Decimal(0)),
        squares=sum((c.squares for c in group), start=Decimal(0)),
    )


def together(effects: Iterable[Effect], *, alpha: float = 0.05) -> Span | None:
    """Add several campaigns' totals. The degrees of freedom are those of Welch and Satterthwaite (1946)."""
    rows = list(effects)
    if not rows:
        return None
    value = sum(e.difference * e.people for e in rows)
    variances = [(e.se * e.people) ** 2 for e in rows]
    variance = sum(variances)
    if not variance:
        return None
    df = variance**2 / sum(v * v / e.df for v, e in zip(variances, rows, strict=True))
    found = with_t(value, variance**0.5, alpha, df)
    return _span(found.value, found.interval, 1)


def _span(value: float, interval: Interval, times: int) -> Span:
    amounts = (value * times, interval.low * times, interval.high * times)
    return Span(*(Decimal(amount).quantize(_CENT) for amount in amounts))
