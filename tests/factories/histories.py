"""Customers with a small shop's history behind them. Times are given in days before a moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from catalog.models import Category, Product
from core.partitions import ensure_partitions, months_between
from customers.consent import ConsentRow, record_consents
from customers.models import Customer
from events.models import Event
from events.store import TABLE

_numbers = count(1)


class Shop:
    """Makes customers and what they did; `as_of` is the moment from which days are counted back."""

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of

    def at(self, days_ago: float) -> datetime:
        return self.as_of - timedelta(days=days_ago)

    def product(self, sku: str, *, path: str = "", brand: str = "") -> Product:
        category = None
        slugs = path.split("/") if path else []
        for depth, name in enumerate(slugs):
            category, _ = Category.objects.get_or_create(
                path="/".join(slugs[: depth + 1]), defaults={"name": name, "parent": category}
            )
        return Product.objects.create(
            sku=sku,
            name=sku,
            category=category,
            brand=brand,
            created_at=self.at(1000),
            updated_at=self.at(1000),
        )

    def customer(self, external_id: str, **fields: object) -> Customer:
        return Customer.objects.create(
            external_id=external_id, created_at=self.at(1000), updated_at=self.at(1000), **fields
        )

    def event(self, customer: Customer, days_ago: float, **fields: Any) -> Event:
        """Store what one customer did; `fields` are those of `_event`."""
        return self.events([(customer, days_ago, fields)])[0]

    def events(self, rows: Iterable[tuple[Customer, float, dict[str, Any]]]) -> list[Event]:
        """Store many at once: whose, how long ago, and what else `event` takes."""
        made = [self._event(customer, days_ago, **fields) for customer, days_ago, fields in rows]
        days = [event.occurred_at for event in made]
        ensure_partitions(TABLE, months_between(min(days), max(days)))
        return Event.objects.bulk_create(made)

    def _event(
        self,
        customer: Customer,
        days_ago: float,
        *,
        type: str = "purchase",
        amount: str | None = "10.00",
        quantity: int | None = 1,
        order: str | None = None,
        source: str = "shop",
        **fields: object,
    ) -> Event:
        number = next(_numbers)
        return Event(
            source=source,
            message_id=str(number),
            type=type,
            customer=customer,
            order_id=order or f"o{number}",
            quantity=quantity,
            amount=amount,
            occurred_at=self.at(days_ago),
            received_at=self.at(days_ago),
            **fields,
        )

    def consent(self, customer: Customer, days_ago: float, *, granted: bool = True) -> None:
        row = ConsentRow(customer.pk, "email", granted, "test", self.at(days_ago))
        record_consents([row], self.at(days_ago))
