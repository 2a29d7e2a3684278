"""What may be typed into the editor: products, categories, brands, segments, personas, customers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import holidays
from django.conf import settings
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.generic import View

from catalog.models import Category, Product
from console.palette import customers_like
from console.segments.suggestions import Found, suggest
from core.money import round_money
from events.models import Event, EventType
from profiles.models import Persona
from profiles.personas import display_name as persona_name
from segments.models import Segment
from segments.selectors import display_name

MOST = 12


class Suggest(PermissionRequiredMixin, View):
    """Values that fit what is typed."""

    permission_required = ("promotions.view_promotion",)
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return at most MOST of a kind. One query, by an index or over few rows."""
        words = request.GET.get("q", "").replace("\0", "").strip()[:100]
        kind = request.GET.get("kind", "")
        if kind == "line":
            return JsonResponse({"results": lines(words)})
        found = _found(kind, words, request.user.has_perm)
        return JsonResponse({"results": [{"value": value, "label": str(label)} for value, label in found]})


def _found(kind: str, words: str, can: Callable[[str], bool]) -> Found:
    match kind:
        case "product" | "category" | "brand":
            return suggest(kind, words, can=can)[:MOST]
        case "segment" if can("segments.view_segment"):
            segments = Segment.objects.filter(name__icontains=words)[:MOST]
            return [(segment.slug, display_name(segment)) for segment in segments]
        case "persona" if can("profiles.view_persona"):
            return [(str(p.number), persona_name(p)) for p in Persona.objects.order_by("number")[:MOST]]
        case "customer" if can("customers.view_customer") and len(words) > 1:
            return [(c.external_id, str(c)) for c in customers_like(words)[:MOST]]
        case "attribute":
            return suggest("key:customer.attributes", words, can=can)[:MOST]
        case "tier":
            return suggest("value:customer.attributes.tier", words, can=can)[:MOST]
        case "market":
            known = sorted(holidays.list_supported_countries())
            return [(code, code) for code in known if code.startswith(words.upper())][:MOST]
        case "channel":
            return [(name, name) for name in ("web", "app", "store") if name.startswith(words.lower())]
    return []


def lines(words: str) -> list[dict[str, Any]]:
    """Return products as lines for the cart, with the price they cost now."""
    if len(words) < 2:
        return []
    fitting = Product.objects.filter(Q(sku__startswith=words) | Q(name__icontains=words))
    found = list(fitting.order_by("name").only("sku", "name", "brand", "price")[:MOST])
    prices = prices_of(found)
    return [{"sku": p.sku, "name": p.name, "brand": p.brand, "price": _text(prices.get(p.pk))} for p in found]


def prices_of(products: Sequence[Product]) -> dict[int, Decimal]:
    """Return what one costs now, or cost when it was last bought; the unknown are absent. One query."""
    paid = _last_paid([p.pk for p in products if p.price is None])
    return paid | {p.pk: p.price for p in products if p.price is not None}


def _last_paid(products: list[int]) -> dict[int, Decimal]:
    """Return what a unit cost before discounts when it was last bought, for a catalogue without prices."""
    if not products:
        return {}
    bought = Event.objects.filter(product__in=products, type=EventType.PURCHASE, amount__gt=0, quantity__gt=0)
    rows = bought.order_by("product", "-occurred_at").distinct("product")
    return {
        pk: (amount + max(discount or Decimal(0), Decimal(0))) / quantity
        for pk, amount, discount, quantity in rows.values_list("product", "amount", "discount", "quantity")
    }


def _text(price: Decimal | None) -> str | None:
    return None if price is None else f"{round_money(price, settings.SHOP_CURRENCY):f}"


def names_in(promotion_rules: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the names of what rules hold by keys: kind → key → name. At most one query of each kind."""
    held: dict[str, set[str]] = {"products": set(), "categories": set(), "segment": set(), "persona": set()}

    def walk(part: Any) -> None:
        if isinstance(part, list):
            for one in part:
                walk(one)
        elif isinstance(part, Mapping):
            kind = part.get("kind")
            if kind in held and isinstance(part.get("any"), list):
                held[str(kind)] |= {str(value) for value in part["any"]}
            if isinstance(part.get("sku"), str):
                held["products"].add(part["sku"])
            for name in ("products", "categories"):
                if isinstance(part.get(name), list):
                    held[name] |= {str(value) for value in part[name]}
            for one in part.values():
                walk(one)

    for rule in promotion_rules:
        walk(rule)
    return {
        "product": dict(Product.objects.filter(sku__in=held["products"]).values_list("sku", "name"))
        if held["products"]
        else {},
        "category": dict(Category.objects.filter(path__in=held["categories"]).values_list("path", "name"))
        if held["categories"]
        else {},
        "segment": {s.slug: display_name(s) for s in Segment.objects.filter(slug__in=held["segment"])}
        if held["segment"]
        else {},
        "persona": {str(p.number): persona_name(p) for p in Persona.objects.all()[:100]}
        if held["persona"]
        else {},
    }
