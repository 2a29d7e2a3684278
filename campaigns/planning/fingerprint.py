"""What a plan says, as a digest: so that an approval holds for what was approved and nothing else."""

import hashlib
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.encoding import force_bytes

from campaigns.models import Campaign
from campaigns.promotions.models import Promotion

#: What a person plans. What the platform writes by itself is left out, and so is the name.
PLANNED = (
    "kind", "parts", "goal", "segment_id", "channel", "topic", "content_id", "objective", "pool_id",
    "codes_of_id", "promotion_id", "plan_id", "goal_days", "timing", "on_day", "at_time", "each_zone",
    "learned_hours", "late", "every", "weekdays", "month_day", "ends_on", "trigger_event", "trigger_where",
    "trigger_segment_id", "delay_minutes", "unless_event", "again_after_days", "of_use_hours", "spread_hours",
    "per_hour", "holidays", "priority",
)  # fmt: skip


def fingerprint(campaign: Campaign) -> str:
    """Return the digest of a plan with its audience's rule, its offer and its test. One to two queries.

    Templates' versions never change, so a content is named by its id.
    """
    said: dict[str, Any] = {name: getattr(campaign, name) for name in PLANNED}
    said["audience"] = [
        segment and segment.version for segment in (campaign.segment, campaign.trigger_segment)
    ]
    said["offers"] = [
        _offer(promotion)
        for promotion in (campaign.promotion, campaign.pool.promotion if campaign.pool else None)
        if promotion is not None
    ]
    said["valid_hours"] = campaign.pool.valid_hours if campaign.pool else None
    said["computed"] = campaign.plan.computed_at if campaign.plan else None
    if campaign.experiment is not None:
        test = campaign.experiment
        arms = test.variants.values_list("key", "weight", "is_control", "levers")
        columns = {
            field.name: getattr(test, field.attname)
            for field in test._meta.concrete_fields
            if field.name not in _NOT_OF_A_TEST
        }
        waves = test.waves.order_by("number").values_list("number", "low", "high", "after")
        said["test"] = [columns, [list(arm) for arm in arms], [list(wave) for wave in waves]]
    return hashlib.sha256(force_bytes(DjangoJSONEncoder(sort_keys=True).encode(said))).hexdigest()


#: What of a test says who it is and how it goes, not what was planned.
_NOT_OF_A_TEST = {
    "id", "key", "name", "salt", "state", "hypothesis", "horizon", "series", "decision", "starts_at",
    "decided_at", "created_at",
}  # fmt: skip


def _offer(promotion: Promotion) -> list[Any]:
    return [promotion.pk, promotion.version, promotion.budget, promotion.starts_at, promotion.ends_at]
