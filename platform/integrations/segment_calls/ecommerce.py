"""From a call to events, by Segment's e-commerce specification (version 2, and the names of version 1)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings

from core.money import shared_out
from events.models import EventType
from integrations.segment_calls.calls import Call

#: Names in lower case. Every other name becomes an event of type custom that keeps it.
TYPES = {
    "product viewed": EventType.VIEW,
    "viewed product": EventType.VIEW,
    "products searched": EventType.SEARCH,
    "product added": EventType.ADD_TO_CART,
    "added product": EventType.ADD_TO_CART,
    "wishlist product added to cart": EventType.ADD_TO_CART,
    "product removed": EventType.REMOVE_FROM_CART,
    "removed product": EventType.REMOVE_FROM_CART,
    "checkout started": EventType.CHECKOUT,
    "started order": EventType.CHECKOUT,
    "order completed": EventType.PURCHASE,
    "completed order": EventType.PURCHASE,
    "order refunded": EventType.REFUND,
    "refunded order": EventType.REFUND,
    "order cancelled": EventType.CANCEL,
    "product reviewed": EventType.REVIEW,
    "product shared": EventType.SHARE,
    "cart shared": EventType.SHARE,
}
#: With a list of products they are told line by line.
_BY_LINE = {EventType.PURCHASE, EventType.REFUND}
_NEEDS_SKU = {EventType.VIEW, EventType.ADD_TO_CART, EventType.REMOVE_FROM_CART, EventType.REVIEW}
_NEEDS_ORDER = {EventType.CANCEL, EventType.REFUND}
_MAX_LINES = 200
_MAX_NAME = 100
# What has a column of its own, or is the line's.
_TAKEN = {"products", "sku", "order_id", "orderId", "query"}
#: What of the context is kept. Addresses of visitors and their browsers' names are not.
_CONTEXT = ("campaign", "locale", "page", "referrer", "timezone", "groupId")
_PAGE = ("path", "url", "title", "referrer", "search")


def events_of(call: Call) -> list[dict[str, Any]]:
    """Return the events of a call as `events.services.ingest` takes them; none for identify and alias."""
    base: dict[str, Any] = {"occurred_at": call.at.isoformat()}
    if call.user:
        base["customer"] = call.user
    if call.visitor:
        base["anonymous_id"] = call.visitor
    match call.kind:
        case "page" | "screen":
            kept = {"name": call.name} if call.name else {}
            return [_event(call, base, "visit", {**kept, **call.body})]
        case "group":
            return [
                _event(call, base, "custom", {"name": "Group", "group_id": call.group, "traits": call.body})
            ]
        case "track":
            return _track(call, base)
        case _:
            return []


def _track(call: Call, base: dict[str, Any]) -> list[dict[str, Any]]:
    kind = TYPES.get(call.name.strip().lower(), EventType.CUSTOM)
    body = call.body
    products = body.get("products")
    lines = (
        [line for line in products if isinstance(line, dict)][:_MAX_LINES]
        if isinstance(products, list)
        else []
    )
    order = body.get("order_id") or body.get("orderId")
    if order not in (None, ""):
        base["order_id"] = str(order)[:100]
    if kind in _BY_LINE and lines and (kind not in _NEEDS_ORDER or "order_id" in base):
        shared = {k: v for k, v in body.items() if k not in _TAKEN}
        told = _discounted(lines, body) if kind == EventType.PURCHASE else [_line(p, body) for p in lines]
        return [
            _event(call, base | fields, kind, shared | _rest(line), part=number)
            for number, (line, fields) in enumerate(zip(lines, told, strict=True))
        ]
    fields = _line(body, body)
    if kind in _BY_LINE or kind == EventType.CHECKOUT:
        fields = _whole(body)
        if kind == EventType.PURCHASE and (discount := _number(body.get("discount"))):
            fields["discount"] = _money(discount, body)
    lacks_order = kind in _NEEDS_ORDER and "order_id" not in base
    if lacks_order or (kind in _NEEDS_SKU and "sku" not in fields):
        kind = EventType.CUSTOM  # nobody can say what was viewed or refunded; it is kept under its name
    if kind == EventType.REVIEW:
        words = body.get("review_body")
        if isinstance(words, str) and words.strip():
            body = {k: v for k, v in body.items() if k != "review_body"} | {"text": words}
        else:
            kind = EventType.CUSTOM
    if kind == EventType.SEARCH:
        query = body.get("query")
        if isinstance(query, str) and query.strip():
            fields["search"] = query.strip()[:500]
        else:
            kind = EventType.CUSTOM
    properties = {
        k: v for k, v in body.items() if k not in _TAKEN or (k == "query" and "search" not in fields)
    }
    if kind == EventType.CUSTOM:
        properties = {
            **properties,
            "name": call.name[:_MAX_NAME],
            **({"label": body["name"]} if body.get("name") else {}),
        }
    if lines:
        properties["products"] = lines
    return [_event(call, base | fields, kind, properties)]


def _event(
    call: Call, fields: dict[str, Any], kind: str, properties: dict[str, Any], part: int | None = None
) -> dict[str, Any]:
    message_id = call.message_id if part is None else f"{call.message_id}:{part}"
    kept = {**properties, **_context(call)}
    return {**fields, "message_id": message_id, "type": str(kind), "properties": kept}


def _context(call: Call) -> dict[str, Any]:
    """Return the parts of the context that say where it happened and what brought the visitor."""
    kept = {name: call.context[name] for name in _CONTEXT if call.context.get(name)}
    page = kept.get("page")
    if isinstance(page, dict):
        kept["page"] = {name: page[name] for name in _PAGE if page.get(name)}
    library = call.context.get("library")
    if isinstance(library, dict) and library.get("name"):
        kept["library"] = library["name"]
    return {"context": kept} if kept else {}


def _line(line: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """Return sku, quantity and amount of a product; the price is that of one piece."""
    fields: dict[str, Any] = {}
    sku = next((line[name] for name in ("sku", "product_id", "productId", "id") if line.get(name)), None)
    if sku is not None:
        fields["sku"] = str(sku)[:200]
    quantity = _number(line.get("quantity"))
    if quantity is not None:
        fields["quantity"] = _plain(quantity)
    price = _number(line.get("price"))
    if price is not None:
        fields["amount"] = _money(price * (1 if quantity is None else quantity), line, order)
    return fields


def _discounted(lines: list[dict[str, Any]], order: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines' fields with what was taken off: their own discounts, and shares of the order's.

    The specification's prices stand before discounts, and an order's `discount` is the whole of it.
    """
    told = [_line(line, order) for line in lines]
    priced = [fields for fields in told if "amount" in fields]
    own = [
        min(_number(line.get("discount")) or Decimal(0), Decimal(fields["amount"]["amount"]))
        for line, fields in zip(lines, told, strict=True)
        if "amount" in fields
    ]
    whole = _number(order.get("discount")) or Decimal(0)
    if not priced or not (whole or any(own)):
        return told
    left = [Decimal(f["amount"]["amount"]) - off for f, off in zip(priced, own, strict=True)]
    rest = min(whole - sum(own, Decimal(0)), sum(left, Decimal(0)))
    shares = shared_out(rest, left, priced[0]["amount"]["currency"])
    for fields, off, share, amount in zip(priced, own, shares, left, strict=True):
        currency = fields["amount"]["currency"]
        fields["amount"] = {"amount": _plain(amount - share), "currency": currency}
        fields["discount"] = {"amount": _plain(off + share), "currency": currency}
    return told


def _whole(body: dict[str, Any]) -> dict[str, Any]:
    """Return the amount of an order that came without its products."""
    for name in ("revenue", "subtotal", "value", "total"):
        if (number := _number(body.get(name))) is not None:
            return {"amount": _money(number, body, body)}
    return {}


def _rest(line: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in line.items() if k not in ("sku", "quantity")}


def _money(amount: Decimal, *sources: dict[str, Any]) -> dict[str, str]:
    currency = next((s["currency"] for s in sources if isinstance(s.get("currency"), str)), None)
    return {"amount": _plain(amount), "currency": (currency or settings.SHOP_CURRENCY).upper()}


def _plain(number: Decimal) -> str:
    """Write a number with the decimals it has, three at most."""
    return f"{min(number, round(number, 3), key=lambda n: len(f'{n:f}')):f}"


def _number(value: Any) -> Decimal | None:
    """Return a finite number that is not negative, else None: the original stays among the properties."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 20:
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and number >= 0 else None
