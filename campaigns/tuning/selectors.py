"""What the pages show of tuning."""

from dataclasses import dataclass
from typing import Any

from campaigns.tuning.choosing import SHARES
from campaigns.tuning.models import Holdback
from recommendations.models import Posterior, TuningDecision


@dataclass(frozen=True, slots=True)
class OfflineLine:
    """What the log says of sending everybody products by one strategy; None where it cannot tell.

    `reason` is in the words of campaigns.decisions.judging, empty when the estimate may be used.
    """

    strategy: str
    serves: bool
    estimate: float | None
    error: float | None
    effective: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is learned of a use: the shares in force by persona, what the log says, and what a verdict needs.

    `campaigns_needed` is told to small shops: campaigns like the last until 10 % more orders would show.
    """

    use: str
    shares: dict[str, dict[str, float]]
    offline: list[OfflineLine]
    slope: float
    slope_error: float
    pairs: int
    campaigns_needed: int | None


def running_holdbacks() -> list[Holdback]:
    """Return the holdbacks that go on, newest first. One query."""
    return list(Holdback.objects.filter(state=Holdback.State.RUNNING))


def standings() -> list[Standing]:
    """Return what is learned of each use. Two queries."""
    posteriors = {(p.subject, p.key): p.parameters for p in Posterior.objects.all()}
    newest: dict[str, dict[str, Any]] = {}
    decided = TuningDecision.objects.filter(kind="strategy-shares").order_by("use", "-created_at")
    for use, evidence in decided.distinct("use").values_list("use", "evidence"):
        newest[use] = evidence
    found = []
    for (subject, key), judged in sorted(posteriors.items()):
        if key or not subject.startswith("offline:"):
            continue
        use = subject.partition(":")[2]
        shares = posteriors.get((f"strategy:{use}", SHARES), {})
        evidence = newest.get(use, {})
        found.append(
            Standing(
                use,
                shares.get("shares", {}),
                [_line(key, one, shares.get("in_use") == key) for key, one in judged["judged"].items()],
                judged["slope"],
                judged["error"],
                judged["pairs"],
                evidence.get("campaigns_needed") if evidence.get("small") else None,
            )
        )
    return found


def _line(strategy: str, judged: dict[str, Any], serves: bool) -> OfflineLine:
    return OfflineLine(
        strategy,
        serves,
        judged.get("snips") if judged["judgeable"] else None,
        judged.get("snips_se") if judged["judgeable"] else None,
        judged.get("effective"),
        judged["reason"],
    )
