"""What may be typed into a condition: the shop's categories, products, brands, attributes, campaigns."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.coupons.models import CouponPool
from campaigns.models import Campaign
from catalog.models import Category, Product
from segments.fields import find

MOST = 20
#: Names of attributes and properties are read from so many of the newest rows.
NEWEST = 5000
Found = list[tuple[str, str]]

_KEYS = """
SELECT key FROM (SELECT attributes FROM customers_customer ORDER BY id DESC LIMIT %s) c,
       jsonb_object_keys(c.attributes) AS key
WHERE starts_with(lower(key), lower(%s)) GROUP BY key ORDER BY count(*) DESC, key LIMIT %s
"""
_PROPERTIES = """
SELECT key FROM (SELECT properties FROM events_event ORDER BY occurred_at DESC LIMIT %s) e,
       jsonb_object_keys(e.properties) AS key
WHERE jsonb_typeof(e.properties) = 'object' AND starts_with(lower(key), lower(%s))
GROUP BY key ORDER BY count(*) DESC, key LIMIT %s
"""
_ATTRIBUTE = """
SELECT value FROM (
    SELECT attributes #>> string_to_array(%s, '.') AS value FROM customers_customer ORDER BY id DESC LIMIT %s
) c WHERE value <> '' AND starts_with(lower(value), lower(%s))
GROUP BY value ORDER BY count(*) DESC, value LIMIT %s
"""
#: Columns of customers whose values are few enough to offer.
_COLUMNS = {
    f"customer.{name}": (
        # The names are those below, never what a page sends.
        f"SELECT {name} FROM (SELECT {name} FROM customers_customer ORDER BY id DESC LIMIT %s) c"  # noqa: S608
        f" WHERE {name} <> '' AND starts_with(lower({name}), lower(%s))"
        f" GROUP BY {name} ORDER BY count(*) DESC, {name} LIMIT %s"
    )
    for name in ("country", "locale", "time_zone", "email_domain")
}
_FIGURES = {
    "amount": _("amount"),
    "quantity": _("quantity"),
    "discount": _("discount"),
    "product": _("product"),
    "day": _("day"),
}


def suggest(kind: str, words: str, *, can: Callable[[str], bool]) -> Found:
    """Return (value, label) pairs for what is typed, at most MOST. One indexed or bounded query."""
    name, _colon, of = kind.partition(":")
    match name:
        case "category":
            rows = Category.objects.filter(Q(name__icontains=words) | Q(path__istartswith=words)).order_by(
                "path"
            )
            return [(row.path, row.name) for row in rows[:MOST]]
        case "brand":
            brands = Product.objects.filter(brand__istartswith=words).exclude(brand="").order_by("brand")
            return [(brand, brand) for brand in brands.values_list("brand", flat=True).distinct()[:MOST]]
        case "product":
            products = Product.objects.filter(Q(sku__startswith=words) | Q(name__istartswith=words))
            return [(row.sku, row.name) for row in products.order_by("name").only("sku", "name")[:MOST]]
        case "campaign" if can("campaigns.view_campaign"):
            campaigns = Campaign.objects.filter(name__icontains=words)[:MOST]
            return [(str(row.pk), row.name) for row in campaigns]
        case "pool" if can("coupons.view_couponpool"):
            return [
                (str(row.pk), str(row)) for row in CouponPool.objects.filter(name__icontains=words)[:MOST]
            ]
        case "key" if of == "customer.attributes":
            return _column(_KEYS, [NEWEST, words, MOST])
        case "key" if of == "profile.category_affinity":
            return suggest("category", words, can=can)
        case "key" if of == "profile.brand_affinity":
            return suggest("brand", words, can=can)
        case "property":
            return _column(_PROPERTIES, [NEWEST, words, MOST])
        case "figure":
            figures = [(value, str(label)) for value, label in _FIGURES.items() if value.startswith(words)]
            return figures + [
                (f"properties.{key}", key)
                for key, _label in suggest("property", words.removeprefix("properties."), can=can)
            ]
        case "value":
            return _values(of, words, can=can)
    return []


def names_in(rule: dict[str, Any]) -> dict[str, str]:
    """Return the names of the categories, products, campaigns and pools that a rule holds by their keys.

    At most one indexed query of each kind.
    """
    held: dict[str, set[str]] = defaultdict(set)
    for kind, value in _keys(rule):
        held[kind].add(value)
    found: dict[str, str] = {}
    if held["category"]:
        found |= dict(Category.objects.filter(path__in=held["category"]).values_list("path", "name"))
    if held["product"]:
        found |= dict(Product.objects.filter(sku__in=held["product"]).values_list("sku", "name"))
    for kind, model in (("campaign", Campaign), ("pool", CouponPool)):
        if keys := [value for value in held[kind] if _is_id(value)]:
            found |= {
                str(pk): name for pk, name in model.objects.filter(pk__in=keys).values_list("pk", "name")
            }  # type: ignore[attr-defined]
    return found


def _keys(rule: Any) -> Iterator[tuple[str, str]]:
    parts = (
        rule.items()
        if isinstance(rule, dict)
        else [("", part) for part in rule]
        if isinstance(rule, list)
        else ()
    )
    for key, part in parts:
        if key in ("category", "product", "campaign", "pool"):
            yield from ((key, v) for v in (part if isinstance(part, list) else [part]) if isinstance(v, str))
        yield from _keys(part)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _values(name: str, words: str, *, can: Callable[[str], bool]) -> Found:
    if name in _COLUMNS:
        return _column(_COLUMNS[name], [NEWEST, words, MOST])
    stem = "customer.attributes."
    if name.startswith(stem):
        # What is told of single people is seen by those who may see people.
        if not can("customers.view_customer"):
            return []
        return _column(_ATTRIBUTE, [name.removeprefix(stem), NEWEST, words, MOST])
    try:
        field, _key = find(name)
    except LookupError:
        return []
    if name == "profile.top_category":
        return suggest("category", words, can=lambda _code: True)
    return [
        (value, str(field.labels.get(value, value)))
        for value in sorted(field.choices or ())
        if value.startswith(words)
    ]


def _column(sql: str, parameters: list[object]) -> Found:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [(value, value) for (value,) in cursor.fetchall()]
