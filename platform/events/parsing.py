"""From what a partner sent to a typed event, or to what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.validation import json_error, printable, text_error
from events.models import INBOUND_TYPES, EventType

Errors = dict[str, list[str]]

_TEXTS = {
    "message_id": 200, "source": 50, "customer": 200, "anonymous_id": 200, "sku": 200, "order_id": 100,
    "search": 500,
}  # fmt: skip
FIELDS = (*_TEXTS, "type", "occurred_at", "quantity", "amount", "properties")
_TYPES = {t.value for t in INBOUND_TYPES}
_NEEDS_SKU = {
    EventType.VIEW, EventType.ADD_TO_CART, EventType.REMOVE_FROM_CART, EventType.RATING, EventType.REVIEW,
}  # fmt: skip
_MAX_QUANTITY = Decimal(10) ** 9
_MAX_AMOUNT = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class EventIn:
    """A valid event as it came: `customer` or `anonymous_id` is set, times are UTC."""

    message_id: str
    type: str
    source: str
    occurred_at: datetime
    customer: str | None = None
    anonymous_id: str | None = None
    sku: str | None = None
    order_id: str | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    properties: dict[str, Any] | None = None


class InvalidEvent(Exception):
    """The event cannot be taken; `errors` says why, by field."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        super().__init__(errors)


def parse_event(raw: Any, *, now: datetime, default_source: str) -> EventIn:
    """Return the event, or raise InvalidEvent with everything that is wrong. About 20 µs.

    Without `source` it gets the default, without `occurred_at` it happened now.
    """
    if not isinstance(raw, Mapping):
        raise InvalidEvent({"event": ["Send an object with message_id, type and customer."]})
    errors: Errors = {}
    texts = {name: _text(raw, name, limit, errors) for name, limit in _TEXTS.items()}
    for name in raw:
        if name not in FIELDS:
            errors[printable(name)] = ["Unknown field. Put what is your own into properties."]
    kind = str(raw.get("type"))
    if kind not in _TYPES:
        errors["type"] = [f"Say what happened with one of: {', '.join(sorted(_TYPES))}."]
    if not texts["message_id"]:
        errors.setdefault("message_id", ["Missing. Give each event its own id: it tells repeats."])
    if not (texts["customer"] or texts["anonymous_id"]):
        errors.setdefault("customer", ["Say who it was: customer, or anonymous_id for an unknown visitor."])
    if kind in _NEEDS_SKU and not texts["sku"]:
        errors.setdefault("sku", [f"Missing. An event of type {kind} needs the product's sku."])
    if kind == EventType.SEARCH and not texts["search"]:
        errors.setdefault("search", ["Missing. An event of type search needs the words searched for."])
    occurred_at = _moment(raw, now, errors)
    quantity = _quantity(raw, errors)
    amount, currency = _money(raw, errors)
    properties = _properties(raw, texts["search"], errors)
    if errors:
        raise InvalidEvent(errors)
    return EventIn(
        message_id=texts["message_id"] or "",
        type=kind,
        source=texts["source"] or default_source,
        occurred_at=occurred_at,
        customer=texts["customer"],
        anonymous_id=texts["anonymous_id"],
        sku=texts["sku"],
        order_id=texts["order_id"],
        quantity=quantity,
        amount=amount,
        currency=currency,
        properties=properties,
    )


def _text(raw: Mapping[str, Any], name: str, limit: int, errors: Errors) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        errors[name] = ["Send it as text, in quotes."]
    elif not value.strip():
        errors[name] = ["Is empty. Leave it out or fill it."]
    elif len(value) > limit:
        errors[name] = [f"Is longer than {limit} characters."]
    elif error := text_error(value):
        errors[name] = [error]
    else:
        return value
    return None


def _moment(raw: Mapping[str, Any], now: datetime, errors: Errors) -> datetime:
    value = raw.get("occurred_at")
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        errors["occurred_at"] = ["Write a date, time and zone, like 2026-03-01T12:00:00Z."]
        return now


def _decimal(value: Any) -> Decimal | None:
    """Return a finite number sent as a number or as text, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        number = Decimal(str(value)) if not isinstance(value, int) else Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def _quantity(raw: Mapping[str, Any], errors: Errors) -> Decimal | None:
    if raw.get("quantity") is None:
        return None
    number = _decimal(raw["quantity"])
    if number is None or not 0 <= number < _MAX_QUANTITY:
        errors["quantity"] = ["Send a number from 0 to 999999999. What came back is an event of type refund."]
        return None
    return number.quantize(Decimal("0.001"))


def _money(raw: Mapping[str, Any], errors: Errors) -> tuple[Decimal | None, str | None]:
    value = raw.get("amount")
    if value is None:
        return None, None
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        errors["amount"] = ['Send an object like {"amount": "12.30", "currency": "EUR"}.']
        return None, None
    number, currency = _decimal(value["amount"]), value["currency"]
    wrong = []
    if number is None or not 0 <= number < _MAX_AMOUNT:
        wrong.append("The amount must be a number from 0 to 999999999999, like “12.30”.")
    if not (isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        wrong.append("Write the currency as in ISO 4217, like EUR.")
    if wrong:
        errors["amount"] = wrong
        return None, None
    return number, currency.upper()


def _properties(raw: Mapping[str, Any], search: str | None, errors: Errors) -> dict[str, Any] | None:
    value = raw.get("properties")
    if value is not None and not isinstance(value, dict):
        errors["properties"] = ["Send an object, like {}."]
        return None
    if value and (error := json_error(value)):
        errors["properties"] = [error]
        return None
    return {**(value or {}), "search": search} if search else value or None
