"""What the lists of the apps below look like as files. Higher apps add theirs to core.exports.lists."""

from decimal import Decimal

import orjson
from django.conf import settings

from core.exports import Column, ExportList, lists
from core.money import convert, round_money
from events.models import Event


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value else ""


_CUSTOMERS = ExportList(
    "customers",
    "customers",
    "integrations.export_customers",
    (
        Column("customer id", lambda c: c.external_id),
        Column("first name", lambda c: c.first_name, personal=True),
        Column("last name", lambda c: c.last_name, personal=True),
        Column("e-mail", lambda c: c.email, personal=True),
        Column("phone", lambda c: c.phone, personal=True),
        Column("birthday", lambda c: c.birthday, personal=True),
        Column("language", lambda c: c.locale),
        Column("time zone", lambda c: c.time_zone),
        Column("country", lambda c: c.country),
        Column("no profiling", lambda c: "yes" if c.no_profiling else "no"),
        Column("customer since", lambda c: c.created_at.isoformat()),
        Column("attributes", lambda c: _json(c.attributes), personal=True),
    ),
)
_PRODUCTS = ExportList(
    "products",
    "products",
    "integrations.export_products",
    (
        Column("sku", lambda p: p.sku),
        Column("name", lambda p: p.name),
        Column("category", lambda p: p.category.path if p.category else ""),
        Column("brand", lambda p: p.brand),
        Column("price", lambda p: p.price),
        Column("currency", lambda p: p.currency),
        Column("stock", lambda p: p.stock),
        Column("active", lambda p: "yes" if p.active else "no"),
        Column("url", lambda p: p.url),
        Column("image url", lambda p: p.image_url),
        Column("attributes", lambda p: _json(p.attributes)),
    ),
    lambda chosen: chosen.select_related("category"),
)


def _discount(event: Event) -> Decimal | None:
    """Return what had been taken off, in the currency of the row as `amount` is, at the rate of then.

    Only of what cost nothing any more that rate is not known: there it is today's, and empty without one.
    """
    if event.discount is None or not event.currency or event.currency == settings.SHOP_CURRENCY:
        return event.discount
    if event.amount and event.original_amount:
        return round_money(event.discount * event.original_amount / event.amount, event.currency)
    return convert(event.discount, settings.SHOP_CURRENCY, event.currency)


_EVENTS = ExportList(
    "events",
    "events",
    "integrations.export_events",
    (
        Column("event id", lambda e: e.message_id),
        Column("source", lambda e: e.source),
        Column("type", lambda e: e.type),
        Column("when", lambda e: e.occurred_at.isoformat()),
        Column("customer id", lambda e: e.customer.external_id if e.customer else ""),
        Column("sku", lambda e: e.product.sku if e.product else ""),
        Column("order", lambda e: e.order_id),
        Column("quantity", lambda e: e.quantity),
        Column("amount", lambda e: e.original_amount if e.currency else e.amount),
        Column("currency", lambda e: e.currency),
        Column("discount", _discount),
        Column("properties", lambda e: _json(e.properties), personal=True),
    ),
    lambda chosen: chosen.select_related("customer", "product"),
)
_CONSENTS = ExportList(
    "consents",
    "consents",
    "integrations.export_consents",
    (
        Column("customer id", lambda e: e.customer.external_id),
        Column("channel", lambda e: e.channel),
        Column("topic", lambda e: e.topic),
        Column("granted", lambda e: "yes" if e.granted else "no"),
        Column("when", lambda e: e.occurred_at.isoformat()),
        Column("source", lambda e: e.source),
        Column("proof", lambda e: _json(e.proof), personal=True),
    ),
    lambda chosen: chosen.select_related("customer"),
)
_SUPPRESSIONS = ExportList(
    "suppressions",
    "suppressed addresses",
    "integrations.export_suppressions",
    (
        # Only the hash is kept of an address, so only the hash can be taken out.
        Column("channel", lambda s: s.channel),
        Column("address hash", lambda s: s.address_hash),
        Column("reason", lambda s: s.reason),
        Column("until", lambda s: s.until.isoformat() if s.until else ""),
        Column("since", lambda s: s.created_at.isoformat()),
    ),
)
_AUDIT = ExportList(
    "audit",
    "audit log",
    "integrations.export_audit",
    (
        Column("when", lambda a: a.at.isoformat()),
        Column("who", lambda a: a.actor),
        Column("what was done", lambda a: a.action),
        Column("to what", lambda a: a.object_type),
        Column("id", lambda a: a.object_id),
        Column("name", lambda a: a.object_name, personal=True),
        Column("before", lambda a: _json(a.before)),
        Column("after", lambda a: _json(a.after)),
        Column("hash", lambda a: a.hash),
    ),
)


def register() -> None:
    """Add the lists of customers, products, events, consents, suppressions and the audit log."""
    lists.add("customers.customer", _CUSTOMERS)
    lists.add("catalog.product", _PRODUCTS)
    lists.add("events.event", _EVENTS)
    lists.add("customers.consentevent", _CONSENTS)
    lists.add("customers.suppression", _SUPPRESSIONS)
    lists.add("accounts.auditentry", _AUDIT)
