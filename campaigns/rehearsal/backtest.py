"""What rehearsals said against what then happened.

Counts come from what was counted of the campaign (campaigns.reports). A campaign that writes to other people
than it was rehearsed for would miss on that alone, so shares are compared as shares of those written to. What
would have happened anyway is only seen of those held out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from uuid import UUID

from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.outcomes.models import Tally
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.responses import ENOUGH, Past, read_past
from campaigns.schedule.sending import SOURCE

#: The newest campaigns that are compared.
MOST = 200
#: Figures that can be compared, in the order in which they are shown.
KEYS = (
    "people", "opened", "clicked", "unsubscribed", "redeemed",
    "buyers_anyway", "extra_buyers", "extra_revenue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one rehearsal and what came of it, both as shares of those written to where they are."""

    rehearsal_id: UUID
    campaign: Campaign
    rehearsed_at: datetime
    key: str
    mark: str
    share: bool
    value: float
    low: float
    high: float
    happened: float

    @property
    def held(self) -> bool:
        """Say whether it came to lie in the interval."""
        return self.low <= self.happened <= self.high


@dataclass(frozen=True, slots=True)
class Held:
    """How well one figure was foreseen. `bias` is the mean of said less happened, `error` its mean distance,
    both in what happened on average."""

    key: str
    campaigns: int
    held: int
    bias: float | None
    error: float | None

    @property
    def coverage(self) -> float:
        """Return the share of the intervals that held; it should be near the stated level."""
        return self.held / self.campaigns


def compare(*, now: datetime) -> list[Compared]:
    """Return what the last rehearsal before each launch said, and what then happened. Five queries.

    Campaigns whose goal window is over, the newest first; triggered ones are foreseen by the week: left out.
    One that was played on history says only how many it reached and who bought anyway.
    """
    launched = {
        c.pk: c
        for c in Campaign.objects.filter(rehearsals__isnull=False, launched_at__isnull=False)
        .exclude(timing="triggered")
        .order_by("-launched_at")
        .distinct()[:MOST]
    }
    before: dict[UUID, Rehearsal] = {}
    for rehearsal in Rehearsal.objects.filter(campaign__in=launched).order_by("created_at"):
        campaign = launched[rehearsal.campaign_id]
        if campaign.launched_at is not None and rehearsal.created_at <= campaign.launched_at:
            before[campaign.pk] = rehearsal
    over = _over(before)
    outcomes = {past.campaign_id: past for past in read_past([launched[pk] for pk in over], over, now)}
    found = []
    for pk, campaign in launched.items():
        if pk in outcomes:
            found += _compared(before[pk], campaign, outcomes[pk])
    return found


def held(rows: Iterable[Compared]) -> list[Held]:
    """Return by figure how many intervals held, and how far off the middle was."""
    by_key: dict[str, list[Compared]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    return [_held(key, by_key[key]) for key in KEYS if key in by_key]


def _held(key: str, rows: Sequence[Compared]) -> Held:
    scale = fmean(abs(r.happened) for r in rows)
    return Held(
        key=key,
        campaigns=len(rows),
        held=sum(r.held for r in rows),
        bias=fmean(r.value - r.happened for r in rows) / scale if scale else None,
        error=fmean(abs(r.value - r.happened) for r in rows) / scale if scale else None,
    )


def _over(before: dict[UUID, Rehearsal]) -> dict[UUID, Tally]:
    tallies = Tally.objects.filter(source=SOURCE, run_id=None, reference__in=[str(pk) for pk in before])
    return {UUID(t.reference): t for t in tallies if t.known_until >= t.ends_at}


def _compared(rehearsal: Rehearsal, campaign: Campaign, past: Past) -> list[Compared]:
    happened = _happened(past)
    if _played_on_history(campaign):
        happened = {key: happened[key] for key in ("people", "buyers_anyway")}
    found = []
    for figure in rehearsal.figures["expected"]:
        key, share = figure["key"], figure["share"]
        if figure["value"] is None or happened.get(key) is None:
            continue
        said = share or figure
        found.append(
            Compared(
                rehearsal_id=rehearsal.pk,
                campaign=campaign,
                rehearsed_at=rehearsal.created_at,
                key=key,
                mark=figure["mark"],
                share=share is not None,
                value=said["value"],
                low=said["low"],
                high=said["high"],
                happened=happened[key] or 0.0,
            )
        )
    return found


def _played_on_history(campaign: Campaign) -> bool:
    """Say whether nobody was treated, so that nothing came of it."""
    return campaign.experiment is not None and campaign.experiment.kind == Experiment.Kind.REPLAY


def _happened(past: Past) -> dict[str, float | None]:
    treated, held_out = past.treated, past.held
    compared = treated.people >= ENOUGH and held_out.people >= ENOUGH
    rate, anyway = treated.rate or 0.0, held_out.rate or 0.0
    each = (treated.per_person or 0) - (held_out.per_person or 0)
    return {
        "people": float(past.sent),
        **{
            key: getattr(past, key) / past.sent if past.sent >= ENOUGH else None
            for key in ("opened", "clicked", "unsubscribed")
        },
        "redeemed": past.redeemed / past.codes if past.codes >= ENOUGH else None,
        "buyers_anyway": anyway if held_out.people >= ENOUGH else None,
        "extra_buyers": rate - anyway if compared else None,
        "extra_revenue": float(each) * treated.people if compared else None,
    }
