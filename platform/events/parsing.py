"""From what a partner sent to a typed event, or to what is wrong with it.

`NEEDS` and `DETAILS` say what each type carries; the published schema is made from them.
Text is text and never a number, a number is a number or plain digits as text (core.validation).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings

from core.money import to_base
from core.validation import AMOUNT, AMOUNT_TOLD, QUANTITY, json_error, printable, text_error
from customers.identity.kinds import REFERENCES, normalise
from customers.identity.resolve import Reference
from events.models import INBOUND_TYPES, EventType

Errors = dict[str, list[str]]

TEXTS = {
    "message_id": 200, "source": 50, "anonymous_id": 200, "sku": 200, "order_id": 100, "search": 500,
}  # fmt: skip
FIELDS = (*TEXTS, "customer", "type", "occurred_at", "quantity", "amount", "discount", "properties")
TYPES = frozenset(t.value for t in INBOUND_TYPES)
#: Fields that a type cannot do without.
NEEDS: dict[str, tuple[str, str]] = {
    EventType.VIEW: ("sku", "the product's sku"),
    EventType.ADD_TO_CART: ("sku", "the product's sku"),
    EventType.REMOVE_FROM_CART: ("sku", "the product's sku"),
    EventType.RATING: ("sku", "the product's sku"),
    EventType.REVIEW: ("sku", "the product's sku"),
    EventType.CANCEL: ("order_id", "the order that was cancelled"),
    EventType.REFUND: ("order_id", "the order that it belongs to"),
    EventType.SEARCH: ("search", "the words searched for"),
}
#: From here on, an amount in the shop's currency has no place in the facts.
MAX_BASE = Decimal(10) ** 12
MAX_DWELL = 86_400  # seconds
MAX_REVIEW = 10_000  # characters
MAX_RATING = 100
MAX_ADDRESS = 254  # characters of an e-mail, the longest of the identifiers


class Detail(NamedTuple):
    """A member of `properties` that the platform reads: what it must be, and whether the type needs it."""

    name: str
    needed: bool
    right: Callable[[Any], bool]
    told: str
    schema: dict[str, Any]


def _number_to(limit: int) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and 0 <= value <= limit


def _text_to(limit: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and bool(value.strip()) and len(value) <= limit


#: Members of `properties` by type.
DETAILS: dict[str, Detail] = {
    EventType.VIEW: Detail(
        "dwell_seconds", False, _number_to(MAX_DWELL),
        f"Send how long it was looked at as a number from 0 to {MAX_DWELL}.",
        {"type": "number", "minimum": 0, "maximum": MAX_DWELL},
    ),
    EventType.RATING: Detail(
        "rating", True, _number_to(MAX_RATING), f"Send the rating as a number from 0 to {MAX_RATING}.",
        {"type": "number", "minimum": 0, "maximum": MAX_RATING},
    ),
    EventType.REVIEW: Detail(
        "text", True, _text_to(MAX_REVIEW), f"Send what was written, up to {MAX_REVIEW} characters.",
        {"type": "string", "minLength": 1, "maxLength": MAX_REVIEW},
    ),
    EventType.CUSTOM: Detail(
        "name", True, _text_to(100), "Send what happened as a name of up to 100 characters.",
        {"type": "string", "minLength": 1, "maxLength": 100},
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventIn:
    """A valid event as it came: `customer` or `anonymous_id` is set, times are UTC.

    `customer` is the partner's own id, or all identifiers that were sent, normalised. `amount` is what was
    paid, `discount` what had been taken off before.
    """

    message_id: str
    type: str
    source: str
    occurred_at: datetime
    customer: str | tuple[Reference, ...] | None = None
    anonymous_id: str | None = None
    sku: str | None = None
    order_id: str | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    discount: Decimal | None = None
    discount_currency: str | None = None
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
    texts = {name: _text(raw, name, limit, errors) for name, limit in TEXTS.items()}
    for name in raw:
        if name not in FIELDS:
            errors[printable(name)] = ["Unknown field. Put what is your own into properties."]
    kind = str(raw.get("type"))
    if kind not in TYPES:
        errors["type"] = [f"Say what happened with one of: {', '.join(sorted(TYPES))}."]
    if not texts["message_id"]:
        errors.setdefault("message_id", ["Missing. Give each event its own id: it tells repeats."])
    visitor = _normalised("anonymous", texts["anonymous_id"], "anonymous_id", errors)
    customer = _customer(raw.get("customer"), errors)
    if not (customer or visitor or "anonymous_id" in errors):
        errors.setdefault("customer", ["Say who it was: customer, or anonymous_id for an unknown visitor."])
    if need := NEEDS.get(kind):
        field, what = need
        if not texts[field]:
            errors.setdefault(field, [f"Missing. An event of type {kind} needs {what}."])
    occurred_at = _moment(raw, now, errors)
    quantity = parse_quantity(raw.get("quantity"), errors)
    amount, currency = parse_money(raw.get("amount"), errors)
    discount, discount_currency = parse_money(raw.get("discount"), errors, "discount")
    properties = _properties(raw, kind, texts["search"], errors)
    if errors:
        raise InvalidEvent(errors)
    return EventIn(
        message_id=texts["message_id"] or "",
        type=kind,
        source=texts["source"] or default_source,
        occurred_at=occurred_at,
        customer=customer,
        anonymous_id=visitor,
        sku=texts["sku"],
        order_id=texts["order_id"],
        quantity=quantity,
        amount=amount,
        currency=currency,
        discount=discount,
        discount_currency=discount_currency,
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


def _normalised(kind: str, value: str | None, field: str, errors: Errors) -> str | None:
    if value is None:
        return None
    try:
        return normalise(kind, value)
    except ValueError as error:
        errors[field] = [str(error)]
        return None


def _customer(value: Any, errors: Errors) -> str | tuple[Reference, ...] | None:
    """Return the partner's id, or the references of an object of identifiers."""
    if not isinstance(value, Mapping):
        text = _text({"customer": value}, "customer", TEXTS["anonymous_id"], errors)
        return _normalised("external_id", text, "customer", errors)
    found, wrong = [], []
    for kind, part in value.items():
        if kind not in REFERENCES:
            wrong.append(f"{printable(kind)}: is no kind of identifier. Use {', '.join(REFERENCES)}.")
            continue
        faults: Errors = {}
        text = _text({kind: part}, kind, MAX_ADDRESS, faults)
        text = _normalised(kind, text, kind, faults)
        wrong += [f"{kind}: {fault}" for fault in faults.get(kind, [])]
        if text is not None:
            found.append(Reference(str(kind), text))
    if wrong:
        errors["customer"] = wrong
    elif found and all(r.kind == "household" for r in found):
        errors["customer"] = ["A household is several people. Name one of them beside it."]
    return tuple(sorted(found)) or None


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


def parse_quantity(value: Any, errors: Errors) -> Decimal | None:
    """Return a quantity, or say in `errors` what is wrong with it."""
    if value is None:
        return None
    number = QUANTITY.read(value)
    if number is None:
        errors["quantity"] = [
            f"Send a number from 0 to {QUANTITY.limit}, with 3 decimals at most and without an exponent. What"
            " came back is an event of type refund."
        ]
    return number


def parse_money(value: Any, errors: Errors, name: str = "amount") -> tuple[Decimal | None, str | None]:
    """Return amount and currency of a member like `amount`, or say in `errors` what is wrong with it."""
    if value is None:
        return None, None
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        errors[name] = ['Send an object like {"amount": "12.30", "currency": "EUR"}.']
        return None, None
    number, currency = AMOUNT.read(value["amount"]), value["currency"]
    wrong = []
    if number is None:
        wrong.append(AMOUNT_TOLD)
    if not (type(currency) is str and len(currency) == 3 and currency.isascii() and currency.isalpha()):
        wrong.append("Write the currency as in ISO 4217, like EUR.")
    elif number is not None and (fault := money_fault(number, currency.upper())):
        wrong.append(fault)
    if wrong:
        errors[name] = wrong
        return None, None
    return number, currency.upper()


def money_fault(amount: Decimal, currency: str) -> str | None:
    """Return what is wrong with an amount too large to be kept in the shop's currency, or None."""
    if currency == settings.SHOP_CURRENCY and amount < MAX_BASE - 1:
        return None  # nearly all
    base = to_base(amount, currency)
    if base is None or base < MAX_BASE:
        return None
    return f"Is more than can be kept in {settings.SHOP_CURRENCY}."


def _properties(
    raw: Mapping[str, Any], kind: str, search: str | None, errors: Errors
) -> dict[str, Any] | None:
    value = raw.get("properties")
    if value is not None and not isinstance(value, dict):
        errors["properties"] = ["Send an object, like {}."]
        return None
    if value and (error := json_error(value)):
        errors["properties"] = [error]
        return None
    if fault := detail_fault(kind, value):
        errors["properties"] = [fault]
        return None
    return {**(value or {}), "search": search} if search else value or None


def detail_fault(kind: str, properties: Mapping[str, Any] | None) -> str | None:
    """Return what is wrong with the member of `properties` that a type's events carry, or None."""
    detail = DETAILS.get(kind)
    if detail is None:
        return None
    value = properties.get(detail.name) if properties else None
    if value is None:
        return f"{detail.name}: {detail.told}" if detail.needed else None
    return None if detail.right(value) else f"{detail.name}: {detail.told}"
