"""What a campaign says to each person: the context of a template."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.coupons.codes import shown
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.models import Promotion
from core.money import round_money
from customers.languages import language_of
from customers.models import Customer
from delivery.identity import preferences_url
from recommendations.reasons import sentence
from recommendations.selectors import Item, lists_for

#: The use by which a champion is chosen for mails.
USE = "email"


def lists_by_strategy(
    wanted: Mapping[int, str | None], *, objective: str, limit: int
) -> dict[int, list[Item]]:
    """Return each customer's products by the strategy of his or her arm; None is the champion.

    One call per strategy, whatever the number of customers.
    """
    found: dict[int, list[Item]] = {}
    for strategy in sorted(set(wanted.values()), key=str):
        people = [customer for customer, theirs in wanted.items() if theirs == strategy]
        found |= lists_for(people, use=USE, objective=objective, limit=limit, strategy=strategy)
    return found


def context(
    customer: Customer,
    *,
    items: Sequence[Item],
    code: str,
    expires_at: datetime | None,
    promotion: Promotion | None,
    unsubscribe_url: str,
) -> dict[str, Any]:
    """Return the values that campaigns.content.variables names, in the customer's language."""
    with translation.override(language_of(customer)):
        return {
            "customer": {
                "first_name": customer.first_name,
                "last_name": customer.last_name,
                "locale": customer.locale,
            },
            "shop": {
                "name": settings.SHOP_NAME,
                "address": settings.SHOP_POSTAL_ADDRESS,
                "url": settings.PUBLIC_URL,
            },
            "products": list(_products(items)),
            "coupon": {
                "code": shown(code) if code else "",
                "expires": expires_at.isoformat() if expires_at else "",
                "offer": _offer(promotion),
            },
            "unsubscribe_url": unsubscribe_url,
            "preferences_url": preferences_url(unsubscribe_url),
            "footer": {
                "why": _("You get this mail because you agreed to hear from %(shop)s.")
                % {"shop": settings.SHOP_NAME},
                "unsubscribe": _("Unsubscribe"),
                "preferences": _("Choose what you get"),
            },
        }


def _products(items: Iterable[Item]) -> Iterable[dict[str, str]]:
    for item in items:
        yield {
            "sku": item.sku,
            "name": item.name,
            "price": "" if item.price is None else str(round_money(item.price, item.currency)),
            "currency": item.currency,
            "url": item.url,
            "image_url": item.image_url,
            "reason": sentence(item.reason),
        }


def _offer(promotion: Promotion | None) -> str:
    if promotion is None:
        return ""
    return parse_benefit(promotion.benefit).sentence(promotion.currency)
