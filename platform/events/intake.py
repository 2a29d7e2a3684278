"""The storing of a batch of valid events: keys, people, products, facts, in this order of locks."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from catalog.services import ensure_products
from core.arrays import text_array
from core.copy import copy_columns
from events import changes, refunds
from events.actors import People, look_up, make, names_of
from events.batches import Batch
from events.models import Note
from events.quality import price_fault
from events.store import TABLE, claim, claim_new

#: What is noted: (source, events.models.Note).
Notes = Counter[tuple[str, str]]
#: From so many keys on, two more round trips cost less than looking for each key twice.
MANY = 32


class Known(NamedTuple):
    """A product's key as PostgreSQL writes it, and what the product usually sells for."""

    id: str
    price: float | None


@dataclass(slots=True)
class Stored:
    """What became of a batch; `refused` is by the event's index in the call."""

    accepted: int = 0
    duplicates: int = 0
    customers: int = 0
    products: int = 0
    refused: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    notes: Notes = field(default_factory=Counter)


def store(batch: Batch, now: datetime) -> Stored:
    """Store the events whose keys are new, in the caller's transaction. Five queries when all is known.

    What is known is read before the keys are claimed, so that a refused event leaves none behind.
    """
    stored = Stored()
    people = look_up(names_of(batch), now)
    products = _known_products(batch.sku)
    batch = _without_refused(batch, people, products, stored)
    fresh = _fresh(batch) if batch else batch
    stored.accepted, stored.duplicates = len(fresh), len(batch) - len(fresh)
    if stored.duplicates:
        for source, count in (Counter(batch.source) - Counter(fresh.source)).items():
            stored.notes[source, Note.DUPLICATE.value] += count
    if fresh:
        _complete(fresh, people, products, stored, now)
        _doubt_prices(fresh, products)
        _write(fresh, people, products, now)
        _count(fresh, stored.notes)
    return stored


def _known_products(skus: Iterable[str | None]) -> dict[str, Known]:
    """Return the products that exist by their sku. One query."""
    wanted = sorted(set(filter(None, skus)))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sku, p.id::text, t.price::float FROM catalog_product p LEFT JOIN events_typicalprice t"
            " ON t.product_id = p.id WHERE sku = ANY(%s::varchar[])",
            [text_array(wanted)],
        )
        return {sku: Known(pk, price) for sku, pk, price in cursor.fetchall()}


def _without_refused(batch: Batch, people: People, products: dict[str, Known], stored: Stored) -> Batch:
    """Take out events about whom or what the shop's settings refuse to guess."""
    no_customers = settings.EVENTS_UNKNOWN_CUSTOMERS == "refuse" and people.unknown
    no_products = settings.EVENTS_UNKNOWN_PRODUCTS == "refuse"
    if not (no_customers or no_products):
        return batch
    for place, name in enumerate(names_of(batch)):
        errors = {}
        if no_customers and name in people.unknown:
            errors["customer"] = ["Is unknown here. Send the customer's record first."]
        if no_products and (sku := batch.sku[place]) and sku not in products:
            errors["sku"] = ["Is unknown here. Send the product's record first."]
        if errors:
            stored.refused[batch.index[place]] = errors
            stored.notes[batch.source[place], Note.REJECTED.value] += 1
    return batch.pick([p for p, index in enumerate(batch.index) if index not in stored.refused])


def _fresh(batch: Batch) -> Batch:
    """Claim the keys and return the events whose keys were new, of equal ones the first."""
    keys = list(zip(batch.source, batch.message_id, strict=True))
    ordered = sorted(set(keys))
    new = None if len(ordered) >= MANY and claim_new(ordered) else claim(ordered)
    if new is None and len(ordered) == len(keys):
        return batch
    wanted = set(ordered) if new is None else new
    places = []
    for place, key in enumerate(keys):
        if key in wanted:
            wanted.remove(key)
            places.append(place)
    return batch.pick(places)


def _complete(
    fresh: Batch, people: People, products: dict[str, Known], stored: Stored, now: datetime
) -> None:
    """Make the stubs that fresh events need, and count them."""
    names = set(names_of(fresh))
    if not names <= people.actors.keys():
        make(people, names, now)
    for place, name in enumerate(names_of(fresh)):
        if name in people.unknown:
            people.unknown.discard(name)
            stored.customers += 1
            stored.notes[fresh.source[place], Note.UNKNOWN_CUSTOMER.value] += 1
    if missing := set(filter(None, fresh.sku)) - products.keys():
        products.update((sku, Known(str(pk), None)) for sku, pk in ensure_products(missing, now).items())
        stored.products = len(missing)
        for place, sku in enumerate(fresh.sku):
            if sku in missing:
                missing.discard(sku)
                stored.notes[fresh.source[place], Note.UNKNOWN_PRODUCT.value] += 1


def _doubt_prices(fresh: Batch, products: dict[str, Known]) -> None:
    """Mark purchases at zero and at outlying prices."""
    for place, (kind, amount) in enumerate(zip(fresh.type, fresh.amount, strict=True)):
        if amount is None or kind != "purchase" or fresh.quality[place]:
            continue
        quantity, sku = fresh.quantity[place], fresh.sku[place]
        if quantity and sku and (fault := price_fault(amount, quantity, products[sku].price)):
            fresh.quality[place] = fault.value


def _write(fresh: Batch, people: People, products: dict[str, Known], now: datetime) -> None:
    actors, customers = zip(*map(people.actors.__getitem__, names_of(fresh)), strict=True)
    arrival = str(now)
    copy_columns(
        TABLE,
        {
            "source": fresh.source,
            "message_id": fresh.message_id,
            "type": fresh.type,
            "actor_id": actors,
            "customer_id": customers,
            "product_id": [products[sku].id if sku else None for sku in fresh.sku],
            "order_id": fresh.order_id,
            "quantity": fresh.quantity,
            "amount": fresh.amount,
            "currency": fresh.currency,
            "original_amount": fresh.original_amount,
            "discount": fresh.discount,
            "quality": fresh.quality,
            "properties": fresh.properties,
            "occurred_at": fresh.moment,
            "received_at": [arrival] * len(fresh),
        },
    )
    changes.note(map(int, set(filter(None, customers))), now)
    refunds.follow(fresh.type, customers, fresh.order_id, min(fresh.occurred_at))


def _count(fresh: Batch, notes: Notes) -> None:
    for source, count in Counter(fresh.source).items():
        notes[source, Note.ACCEPTED.value] += count
    if any(fresh.quality):
        notes.update(pair for pair in zip(fresh.source, fresh.quality, strict=True) if pair[1])
