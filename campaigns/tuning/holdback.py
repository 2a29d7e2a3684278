"""After a promotion the strategy before keeps a share for two campaigns; a failing guardrail takes it back."""

from campaigns.models import Campaign
from campaigns.tuning.models import Holdback
from recommendations.models import Champion, TuningDecision

#: So many campaigns after a promotion measure it once more.
CAMPAIGNS = 2


def held_back(campaign: Campaign, champion: Champion) -> Holdback | None:
    """Return the holdback that a campaign takes part in, or None.

    The first two campaigns that go out under a measured promotion do; one that goes again belongs to it
    still. At most two queries.
    """
    decision = champion.decision
    if decision is None or decision.evidence.get("kind") == "person":
        return None
    found = Holdback.objects.filter(decision=decision, state=Holdback.State.RUNNING).first()
    if found is None or (campaign.pk not in found.campaigns and len(found.campaigns) >= CAMPAIGNS):
        return None
    return found


def promoted(decision: TuningDecision) -> bool:
    """Say whether a decision put another strategy in place because of a measurement."""
    return bool(
        decision.kind == TuningDecision.Kind.STRATEGY
        and decision.state == TuningDecision.State.APPLIED
        and decision.changed
        and decision.evidence.get("kind") != "person"
    )
