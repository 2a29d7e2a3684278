"""Coupon values that are tested: who may be in such a test, and what must be said to them.

A value is drawn at the same shares for everybody, by lot: nothing about a person, a device or their loyalty
moves it, so nobody loyal gets less for being so. Left out of the draw, with the campaign's own coupon
instead, is who refused to be profiled, who lives where the shop switched it off, and, while the content does
not say that the value was chosen automatically, who lives where the law asks for it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import needs
from campaigns.coupons.models import CouponPool
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.planning.models import campaign_rules
from recommendations.models import Posterior

Query = tuple[str, Sequence[Any]]

#: What was learned of values and the shares that hold: rows of recommendations.Posterior.
SUBJECT, MEMORY, SHARES = "coupon_values", "memory", "shares"
#: The variable by which a content says how the value was chosen.
SAYS = "coupon.how"
#: Where a price that was set by automated decision-making must be disclosed: the European Economic Area
#: (Directive 2011/83/EU, art. 6(1)(ea), as amended by 2019/2161).
DISCLOSED = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
_MAY = """
SELECT a.customer_id FROM ({audience}) a JOIN customers_customer c ON c.id = a.customer_id
 WHERE NOT c.no_profiling AND coalesce(nullif(c.country, ''), %s) <> ALL(%s::text[])
"""


def tests_values(experiment: Experiment | None) -> bool:
    """Say whether the arms of a test are coupon values. One query."""
    return experiment is not None and experiment.variants.filter(levers__has_key="value").exists()


def in_the_draw(audience: Query, campaign: Campaign) -> Query:
    """Return those of an audience (a SELECT of `customer_id`) who may get a value by lot."""
    sql, params = audience
    closed = set(campaign_rules().values_off)
    if not says_how(campaign.content):
        closed |= DISCLOSED
    return _MAY.format(audience=sql), [*params, settings.SHOP_COUNTRY, sorted(closed)]


def says_how(content: TemplateVersion | None) -> bool:
    """Say whether a content tells people that the coupon's value was chosen automatically."""
    return content is not None and SAYS in json.dumps(content.blocks)


def percent_of(pool: CouponPool) -> int | None:
    """Return the whole percents that a pool's codes take off everything; None where it is something else."""
    benefit: Mapping[str, Any] = pool.promotion.benefit
    if benefit.get("kind") != "percent" or benefit.get("on"):
        return None
    percent = float(benefit["percent"])
    return int(percent) if percent.is_integer() else None


def shares_for(values: Sequence[int]) -> dict[int, int]:
    """Return each value's weight in thousandths as learned; equal ones while nothing is known. One query."""
    row = Posterior.objects.filter(subject=SUBJECT, key=SHARES).values_list("parameters", flat=True).first()
    known = {int(value): float(share) for value, share in (row or {}).items()}
    if not set(values) <= set(known):
        return dict.fromkeys(values, 1)
    whole = sum(known[value] for value in values)
    return {value: max(10, round(1000 * known[value] / whole)) for value in values}


def problems(campaign: Campaign, levers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with arms that are values, each with what to do. At most two queries."""
    if not any("value" in arm for arm in levers):
        return []
    if not all("value" in arm for arm in levers):
        return [_("Where values are tested, every arm has one. Use 0 for no coupon.")]
    cap, found = campaign_rules().value_cap, []
    pools = {
        str(pool.pk): pool
        for pool in CouponPool.objects.select_related("promotion").filter(
            pk__in=[arm["pool"] for arm in levers if "pool" in arm]
        )
    }
    for arm in levers:
        value, pool = arm["value"], pools.get(str(arm.get("pool")))
        if value == 0 and "pool" in arm:
            found.append(_("The arm without a coupon has no pool."))
        elif value and (pool is None or percent_of(pool) != value):
            found.append(_("Choose a pool whose codes take %(n)d %% off everything.") % {"n": value})
        elif cap is not None and value > cap:
            found.append(_("The shop's rules allow values up to %(n)d %%.") % {"n": cap})
    if any(arm["value"] == 0 for arm in levers) and campaign.content is not None:
        wants = needs(campaign.content)
        if wants.coupon and not wants.without_code:
            found.append(_("Say in the content what people without a code read, or test no value of 0."))
    return found
