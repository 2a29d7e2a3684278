"""What may be read of campaigns: how far they are, and what came of them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from campaigns.coupons.models import Redemption
from campaigns.models import Campaign
from campaigns.outcomes.selectors import Attributed, Engagement, attributed
from campaigns.reports.figures import Outcome, Reached
from campaigns.reports.keeping import Kept, kept, window_of
from campaigns.schedule.sending import SOURCE
from campaigns.targeting.selectors import needed
from delivery.models import Run
from delivery.selectors import Breakdown, breakdown, skip_reasons, total

#: The newest sendings that a report lists one by one.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Sending:
    """One sending of a campaign with its parts."""

    run: Run
    parts: Breakdown


@dataclass(frozen=True, slots=True)
class Report:
    """A campaign in figures: of all its sendings, or of one. The eight parts add up to the audience.

    `run` is the sending that is shown, of several the latest; `sendings` are the campaign's, the newest
    first, and `sent_times` is how many there are.
    """

    campaign: Campaign
    run: Run | None
    sendings: list[Sending]
    sent_times: int
    parts: Breakdown
    reasons: dict[str, int]
    window: tuple[datetime, datetime] | None
    redemptions: int
    discount: Decimal
    engagement: Engagement
    attributed: list[Attributed]
    kept: Kept

    @property
    def outcomes(self) -> list[Outcome]:
        """Return what each arm and those held out bought, as it was counted last."""
        return self.kept.figures.outcomes


def runs_of(campaign: Campaign) -> QuerySet[Run]:
    """Return the campaign's run and its repeats, the first one first."""
    return Run.objects.filter(source=SOURCE, reference=str(campaign.pk)).order_by("created_at")


def run_of(campaign: Campaign) -> Run | None:
    """Return the campaign's run, of several the latest; None while it has none. Repeats are not counted."""
    return runs_of(campaign).filter(retry_of=None).last()


def report(campaign: Campaign, *, now: datetime, sending: Run | None = None) -> Report:
    """Return a campaign's figures so far: of all its sendings, or of one of them.

    Nine queries. What takes a pass over all people is counted apart and kept (campaigns.reports): at once
    for few people, by a worker for many, whose figures may be some minutes old. A goal window begins at a
    sending's `as_of` (in a triggered campaign, when each message was due) and ends after `goal_days`. What
    people did is counted for all who were meant to be written to (intention to treat) and for those held
    out, as far as it is known at `now`.
    """
    runs = list(runs_of(campaign).filter(retry_of=None))
    parts = breakdown([run.pk for run in runs])
    shown = [sending] if sending is not None else runs
    figures = kept(campaign, shown, sending=sending, now=now)
    pools = [campaign.pool] if campaign.pool else list(needed(campaign.plan)) if campaign.plan else []
    redeemed = Redemption.objects.filter(
        coupon__pool__in=pools, coupon__assigned_for=str(campaign.pk), rolled_back_at=None
    ).aggregate(n=Count("pk"), discount=Sum("discount"))
    return Report(
        campaign=campaign,
        run=shown[-1] if shown else None,
        sendings=[Sending(run, parts[run.pk]) for run in reversed(runs[-LISTED:])],
        sent_times=len(runs),
        parts=total(parts[run.pk] for run in shown),
        reasons=skip_reasons(*shown) if shown else {},
        window=window_of(campaign, shown, now),
        redemptions=redeemed["n"],
        discount=redeemed["discount"] or Decimal(0),
        engagement=_engagement(figures.figures.reached),
        attributed=attributed(SOURCE, str(campaign.pk)),
        kept=figures,
    )


def _engagement(reached: Iterable[Reached]) -> Engagement:
    rows = list(reached)
    return Engagement(**{f.name: sum(getattr(row, f.name) for row in rows) for f in fields(Engagement)})
