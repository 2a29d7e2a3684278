"""What a campaign consists of: a message, coupon codes, a change of prices, or several at once."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.planning.models import Part


def parts_of(campaign: Campaign) -> frozenset[str]:
    """Return the parts as they were chosen; of a campaign without such a choice, what its kind means."""
    if campaign.parts:
        return frozenset(campaign.parts)
    found = {
        Campaign.Kind.EMAIL: {Part.MESSAGE},
        Campaign.Kind.COUPON: {Part.MESSAGE, Part.COUPON},
        Campaign.Kind.PROMOTION: {Part.PROMOTION},
    }[Campaign.Kind(campaign.kind)]
    if campaign.kind == Campaign.Kind.PROMOTION and campaign.content_id is not None:
        found = found | {Part.MESSAGE}
        if campaign.pool_id is not None:
            found = found | {Part.COUPON}
    return frozenset(part.value for part in found)


def kind_of(parts: Iterable[str]) -> str:
    """Return the kind under which parts are stored: the one that asks for the most."""
    chosen = set(parts)
    if Part.PROMOTION in chosen:
        return Campaign.Kind.PROMOTION
    return Campaign.Kind.COUPON if Part.COUPON in chosen else Campaign.Kind.EMAIL


def in_order(parts: Iterable[str]) -> list[str]:
    """Return known parts in their usual order; codes are told by a message, so they never go without."""
    chosen = set(parts)
    if Part.COUPON in chosen:
        chosen.add(Part.MESSAGE)
    return [part.value for part in Part if part in chosen]


def parts_in_words(campaign: Campaign) -> str:
    """Return the parts as one says them."""
    labels = dict(Part.choices)
    return _(" + ").join(str(labels[part]) for part in in_order(parts_of(campaign)))
