"""What each arm of a campaign's test says: the campaign's own content and pool, unless its levers differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.models import Campaign


@dataclass(frozen=True, slots=True)
class ArmContent:
    """What the messages of one arm are made of."""

    levers: Mapping[str, Any]
    content: TemplateVersion | None
    pool: CouponPool | None


def arms_of(campaign: Campaign) -> dict[str | None, ArmContent]:
    """Return each arm's content by its key; None is for those in no test. At most three queries.

    An arm whose lever names what is not there any more has none: its messages are left out, and do not go out
    as if they were another arm's.
    """
    plain = ArmContent({}, campaign.content, campaign.pool)
    if campaign.experiment is None:
        return {None: plain}
    variants = list(campaign.experiment.variants.all())
    contents = TemplateVersion.objects.select_related("template").in_bulk(
        [int(v.levers["content"]) for v in variants if "content" in v.levers]
    )
    pools = {
        str(pool.pk): pool
        for pool in CouponPool.objects.select_related("promotion").filter(
            pk__in=[v.levers["pool"] for v in variants if "pool" in v.levers]
        )
    }
    arms: dict[str | None, ArmContent] = {None: plain}
    for variant in variants:
        levers = variant.levers
        arms[variant.key] = ArmContent(
            levers,
            contents.get(int(levers["content"])) if "content" in levers else campaign.content,
            None
            if levers.get("value") == 0
            else pools.get(levers["pool"])
            if "pool" in levers
            else campaign.pool,
        )
    return arms
