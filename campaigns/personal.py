"""What a campaign says to each person: the context of a template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.content.brand import brand_kit, shop_values
from campaigns.content.models import TemplateVersion
from campaigns.content.rendering import needs
from campaigns.content.wording import Wants
from campaigns.coupons.codes import shown
from campaigns.promotions.benefits import parse_benefit
from campaigns.promotions.models import Promotion
from catalog.models import Product
from core.money import round_money
from customers.languages import language_of
from customers.models import Customer
from delivery.identity import preferences_url
from recommendations.reasons import sentence
from recommendations.selectors import Item, allowed, lists_for
from segments.models import SegmentMembership

#: The use by which a champion is chosen for mails.
USE = "email"
#: The strategy that has something for everyone.
POPULAR = "popularity"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all messages of a batch have in common."""

    shop: Mapping[str, str]
    bundles: Mapping[str, Mapping[str, Any]]
    #: By customer the segments that the content asks for.
    segments: Mapping[int, Sequence[str]]


def shared(content: TemplateVersion | None, customer_ids: Sequence[int]) -> Shared:
    """Return what a content needs for these people: the brand, bundles, segments. One to four queries."""
    return shared_for(needs(content) if content else Wants(), customer_ids)


def shared_for(wants: Wants, customer_ids: Sequence[int]) -> Shared:
    """Return what a rendering needs for these people. One to four queries."""
    return Shared(shop_values(brand_kit()), _bundles(wants), _segments(wants, customer_ids))


def _segments(wants: Wants, customer_ids: Sequence[int]) -> dict[int, list[str]]:
    if not wants.segments:
        return {}
    found: dict[int, list[str]] = {}
    for customer, slug in SegmentMembership.objects.filter(
        segment__slug__in=wants.segments, customer_id__in=customer_ids, left_at=None
    ).values_list("customer_id", "segment__slug"):
        found.setdefault(customer, []).append(slug)
    return found


def _bundles(wants: Wants) -> dict[str, dict[str, Any]]:
    """Return each bundle with its price in all; without products when one of them may not be shown.

    Two queries, where there are bundles.
    """
    skus = {sku for bundle in wants.bundles.values() for sku in bundle}
    found = list(Product.objects.filter(sku__in=skus)) if skus else []
    may = allowed(product.pk for product in found)
    products = {product.sku: product for product in found if product.pk in may}
    made = {}
    for name, members in wants.bundles.items():
        there = [products[sku] for sku in members if sku in products and products[sku].price is not None]
        whole = len(there) == len(members) and len({product.currency for product in there}) == 1
        made[name] = {
            "products": [product_values(product, "") for product in there] if whole else [],
            "total": str(sum(product.price or 0 for product in there)) if whole else "0",
            "currency": there[0].currency if whole else "",
        }
    return made


def with_fallback(
    lists: dict[int, list[Item]], customer_ids: Iterable[int], wants: Wants, objective: str
) -> dict[int, list[Item]]:
    """Add the best-sellers for those without a list, where the content asks for it. At most four queries."""
    missing = [pk for pk in customer_ids if not lists.get(pk)]
    if not wants.products or wants.missing != "popular" or not missing:
        return lists
    popular = lists_for(missing, use=USE, objective=objective, limit=wants.products, strategy=POPULAR)
    return lists | {
        customer: [replace(item, fallback=True) for item in items] for customer, items in popular.items()
    }


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
    shared: Shared,
    view_url: str = "",
) -> dict[str, Any]:
    """Return the values that campaigns.content.variables names, in the customer's language."""
    language = language_of(customer)
    with translation.override(language):
        return {
            "customer": {
                "first_name": customer.first_name,
                "last_name": customer.last_name,
                "locale": customer.locale,
                "language": language,
                "country": customer.country,
                "segments": list(shared.segments.get(customer.pk, ())),
            },
            "shop": dict(shared.shop),
            "bundles": dict(shared.bundles),
            "view_url": view_url,
            "products": list(_products(items)),
            "coupon": {
                "code": shown(code) if code else "",
                "expires": expires_at.isoformat() if expires_at else "",
                "offer": _offer(promotion),
                "how": _("This value was chosen automatically."),
            },
            "unsubscribe_url": unsubscribe_url,
            "preferences_url": preferences_url(unsubscribe_url),
            "footer": footer(),
        }


def footer() -> dict[str, str]:
    """Return what templates say at the end of a mail, in the active language."""
    return {
        "why": _("You get this mail because you agreed to hear from %(shop)s.")
        % {"shop": settings.SHOP_NAME},
        "unsubscribe": _("Unsubscribe"),
        "preferences": _("Choose what you get"),
        "view": _("View in the browser"),
    }


def item_of(product: Product) -> Item:
    """Return a product as a list has it: one that nobody recommended, but that the message is about."""
    return Item(
        product_id=product.pk, sku=product.sku, name=product.name, price=product.price,
        currency=product.currency, url=product.url, image_url=product.image_url, score=1.0, reason={},
        fallback=False, rank=0,
    )  # fmt: skip


def _products(items: Iterable[Item]) -> Iterable[dict[str, str]]:
    return (product_values(item, sentence(item.reason)) for item in items)


def product_values(product: Item | Product, reason: str) -> dict[str, str]:
    """Return what templates call a product."""
    return {
        "sku": product.sku,
        "name": product.name,
        "price": "" if product.price is None else str(round_money(product.price, product.currency)),
        "currency": product.currency,
        "url": product.url,
        "image_url": product.image_url,
        "reason": reason,
    }


def _offer(promotion: Promotion | None) -> str:
    if promotion is None:
        return ""
    return parse_benefit(promotion.benefit).sentence(promotion.currency)
