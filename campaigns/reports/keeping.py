"""When a campaign is counted anew, and what is read meanwhile.

Small audiences are counted while one waits, at most every few seconds. Large ones are counted by a worker:
while their goal window is open, every night for late orders and refunds, and when somebody looks at figures
that are old. What is counted often is what is cheap: a count may take a hundredth of the time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

from django.db.models import QuerySet

from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.reports import counting
from campaigns.reports.figures import NOTHING, Figures, read
from campaigns.schedule.sending import SOURCE
from core import clock
from delivery.models import Run

#: Up to so many people are counted at once, in some 100 ms.
FEW = 5_000
#: How old the figures of few people, and of many, may be.
FRESH_FEW, FRESH_MANY = timedelta(seconds=15), timedelta(minutes=5)
#: How long after its window a campaign is counted every night, for late orders and refunds.
AFTERWARDS = timedelta(days=90)
#: The share of the time that counting one campaign may take.
SHARE = 0.01

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Kept:
    """Figures, when they were counted (None: not yet), and whether a worker should count them anew."""

    figures: Figures
    counted_at: datetime | None
    stale: bool


def window_of(campaign: Campaign, runs: Sequence[Run], now: datetime) -> Window | None:
    """Return from when to when orders are counted: the first window's beginning, the last one's end."""
    goal = timedelta(days=campaign.goal_days)
    if not runs:
        return (campaign.as_of, campaign.as_of + goal) if campaign.as_of else None
    lasts = [run.as_of if run.open_until is None else max(now, run.created_at) for run in runs]
    return min(run.as_of for run in runs), max(lasts) + goal


def kept(campaign: Campaign, shown: Sequence[Run], *, sending: Run | None, now: datetime) -> Kept:
    """Return the figures of the sendings `shown`: all, or the one named. Few people are counted at once.

    One query when the figures are fresh enough.
    """
    window = window_of(campaign, shown, now)
    if not shown or window is None:
        return Kept(NOTHING, now, stale=False)
    people = sum(run.audience for run in shown)
    tally = Tally.objects.filter(
        source=SOURCE, reference=str(campaign.pk), run_id=sending.pk if sending else None
    ).first()
    # What was counted at a later moment tells the future to whoever asks as of an earlier one.
    if tally and (tally.counted_at > now or tally.known_until > clock.known_until(now)):
        tally = None
    figures = read(tally.figures) if tally else None
    if people <= FEW:
        if tally and figures and tally.people == people and now - tally.counted_at < FRESH_FEW:
            return Kept(figures, tally.counted_at, stale=False)
        return Kept(count_now(campaign, shown, sending=sending, now=now), now, stale=False)
    if tally is None or figures is None:
        return Kept(NOTHING, None, stale=True)
    over = tally.known_until >= tally.ends_at and tally.people == people
    return Kept(figures, tally.counted_at, stale=not over and now - tally.counted_at >= FRESH_MANY)


def last(campaign: Campaign, runs: Sequence[Run]) -> Figures | None:
    """Return what was counted last of these runs, all or one; None before the first time."""
    tallies = Tally.objects.filter(source=SOURCE, reference=str(campaign.pk))
    one = tallies.filter(run_id=runs[0].pk).first() if len(runs) == 1 else None
    tally = one or tallies.filter(run_id=None).first()
    return read(tally.figures) if tally else None


def count_now(campaign: Campaign, shown: Sequence[Run], *, sending: Run | None, now: datetime) -> Figures:
    """Count and keep the figures. Two statements and two to keep them; 3 s for 200,000 people."""
    window = window_of(campaign, shown, now)
    if window is None:
        return NOTHING
    known, began = clock.known_until(now), perf_counter()
    figures = counting.count(shown, goal_days=campaign.goal_days, window=(window[0], min(window[1], known)))
    Tally.objects.update_or_create(
        source=SOURCE,
        reference=str(campaign.pk),
        run_id=sending.pk if sending else None,
        defaults={
            "people": sum(run.audience for run in shown),
            "begins_at": window[0],
            "ends_at": window[1],
            "known_until": known,
            "counted_at": now,
            "seconds": round(perf_counter() - began, 3),
            "figures": figures.as_json(),
        },
    )
    return figures


def count_campaign(campaign_id: UUID, *, run_id: UUID | None = None, now: datetime) -> bool:
    """Count a campaign's sendings together, or the one named; return whether there was something to count."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    runs = list(_runs(str(campaign_id)).filter(pk=run_id) if run_id else _runs(str(campaign_id)))
    if campaign is None or not runs:
        return False
    count_now(campaign, runs, sending=runs[0] if run_id else None, now=now)
    return True


def count_due(*, now: datetime, all_of_them: bool = False) -> int:
    """Count the campaigns whose figures still change; return how many were counted.

    Those with an open window as often as SHARE allows, and `all_of_them` those whose window ended within
    AFTERWARDS.
    """
    counted = 0
    for campaign_id in list(_due(now, all_of_them=all_of_them)):
        counted += count_campaign(campaign_id, now=now)
    return counted


def _runs(reference: str) -> QuerySet[Run]:
    return Run.objects.filter(source=SOURCE, reference=reference, retry_of=None).order_by("created_at")


def _due(now: datetime, *, all_of_them: bool) -> Iterator[UUID]:
    known = clock.known_until(now)
    mine = Tally.objects.filter(source=SOURCE, run_id=None).defer("figures")
    tallies = {tally.reference: tally for tally in mine}
    since = now - AFTERWARDS - timedelta(days=365)
    sent = Run.objects.filter(source=SOURCE, retry_of=None, created_at__gte=since).order_by("reference")
    for reference in sent.values_list("reference", flat=True).distinct():
        tally = tallies.get(reference)
        if tally is None:
            yield UUID(reference)
        elif all_of_them:
            if tally.ends_at + AFTERWARDS >= known:
                yield UUID(reference)
        elif tally.known_until < tally.ends_at:
            pause = max(FRESH_MANY, timedelta(seconds=tally.seconds / SHARE))
            if now - tally.counted_at >= pause:
                yield UUID(reference)
