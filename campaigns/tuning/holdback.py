"""After a promotion the strategy before keeps a share for two campaigns, so that its effect is seen again."""

from datetime import datetime
from math import sqrt
from statistics import NormalDist

from django.db.models import F, Func, Value
from django.db.models.fields import UUIDField

from campaigns.experiments.base_rates import base_rate
from campaigns.models import Campaign
from campaigns.schedule.models import Timing
from campaigns.tuning.models import Holdback
from delivery.models import Run
from recommendations.models import Champion, TuningDecision

#: So many campaigns after a promotion measure it once more.
CAMPAIGNS = 2
#: Shares that the strategy before may keep, the smallest that sees the effect is taken.
SHARES = (0.05, 0.1, 0.15, 0.2, 0.3)
POWER, ALPHA = 0.8, 0.05


def join(campaign: Campaign, champion: Champion, *, now: datetime) -> Holdback | None:
    """Let a campaign take part in the holdback of the champion's promotion, or return None.

    The first two campaigns that go out under a measured promotion do, and one that goes again belongs to
    it still. Triggered ones take part while it lasts, but are none of the two, as they never end. Rivals
    agree: one row a decision, and a conditional UPDATE counts the campaigns. At most six queries, two where
    there is no promotion.
    """
    decision = champion.decision
    if decision is None or not promoted(decision):
        return None
    found = Holdback.objects.filter(decision=decision).first()
    if campaign.timing == Timing.TRIGGERED:
        return found if found is not None and found.state == Holdback.State.RUNNING else None
    found = found or _open(campaign, decision, now)
    if found.state != Holdback.State.RUNNING:
        return None
    if campaign.pk not in found.campaigns:
        added = Func(F("campaigns"), Value(campaign.pk, UUIDField()), function="array_append")
        room = Holdback.objects.filter(pk=found.pk, campaigns__len__lt=CAMPAIGNS).exclude(
            campaigns__contains=[campaign.pk]
        )
        if not room.update(campaigns=added):
            found.refresh_from_db()
            return found if campaign.pk in found.campaigns else None
    return found


def promoted(decision: TuningDecision) -> bool:
    """Say whether a decision put another strategy in place because of a measurement."""
    return bool(
        decision.kind == TuningDecision.Kind.STRATEGY
        and decision.state == TuningDecision.State.APPLIED
        and decision.changed
        and decision.evidence.get("kind") != "person"
    )


def detectable(rate: float, people: int, share: float) -> float:
    """Return the smallest relative effect seen four times in five between so unequal groups.

    By the baseline's variance, two-sided at 5 %, as statistics.power.minimum_effect for unequal groups
    (Fleiss, Levin & Paik 2003, chapter 4).
    """
    z = NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)
    spread = rate * (1 - rate) * (1 / (people * share) + 1 / (people * (1 - share)))
    return z * sqrt(spread) / rate


def sized(rate: float, people: int, effect: float) -> tuple[float, float]:
    """Return the smallest share that could see an effect, or the largest one, with what it could see."""
    for share in SHARES:
        seen = detectable(rate, people, share)
        if seen <= effect:
            break
    return share, seen


def _open(campaign: Campaign, decision: TuningDecision, now: datetime) -> Holdback:
    """Begin a holdback, sized by the effect that was promised and the people of the last campaigns."""
    sizes = Run.objects.filter(source="campaign").order_by("-created_at").values_list("audience", flat=True)
    sent = [size for size in sizes[:5] if size]
    people = CAMPAIGNS * max(round(sum(sent) / len(sent)) if sent else 0, 50)
    rate = base_rate("conversion", window_days=campaign.goal_days, as_of=now).value
    effect = abs((decision.expected or {}).get("shrunk", 0.0))
    share, seen = sized(min(max(rate, 0.001), 0.999), people, effect)
    found, _created = Holdback.objects.get_or_create(
        decision=decision,
        defaults={
            "use": decision.use,
            "old": decision.before["strategy"],
            "new": decision.after["strategy"],
            "share": share,
            "detectable": seen,
            "planned": people,
            "created_at": now,
        },
    )
    return found
