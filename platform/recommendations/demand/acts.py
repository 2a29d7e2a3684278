"""Let lists follow stock and demand: by one rule for all products, or by a rule for one."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Product
from recommendations.models import ListRule, Supply
from recommendations.services.rules import save_rule

#: How much more what lies too long is worth in a list: enough to rise past its neighbours.
BOOST = Decimal("1.5")


def follow_stock(supply: str, *, user: User | None, now: datetime) -> ListRule:
    """Let lists leave out what is low on stock, or raise what is overstocked, from the next answer on.

    One rule follows every product's stock and forecast, so it needs no upkeep. A rule that is switched off is
    switched on again; one that holds is returned as it is.
    """
    kind = ListRule.Kind.EXCLUDE if supply == Supply.LOW else ListRule.Kind.BOOST
    rule = ListRule.objects.filter(kind=kind, supply=supply, product=None, category=None, brand="").first()
    if rule is None:
        name = _("Leave out what is low on stock") if supply == Supply.LOW else _("Raise what is overstocked")
        rule = ListRule(kind=kind, supply=supply, name=name, active=False)
        rule.number = None if supply == Supply.LOW else BOOST
    if rule.active:
        return rule
    rule.active = True
    return save_rule(rule, user=user, now=now)


def rule_for(product: Product, kind: str, *, user: User | None, now: datetime) -> ListRule:
    """Leave out or raise one product. A rule of this kind for it that there is already is switched on."""
    rule = ListRule.objects.filter(kind=kind, product=product, supply="").first()
    rule = rule or ListRule(kind=kind, product=product, name=product.name[:100], active=False)
    if kind == ListRule.Kind.BOOST and rule.number is None:
        rule.number = BOOST
    if rule.active:
        return rule
    rule.active = True
    return save_rule(rule, user=user, now=now)
