"""From a whole call's worth of events to columns that are ready to be stored.

`events.columns` checks a column at once. Where it finds anything to doubt, the batch is halved until the
doubtful events stand nearly alone; those go through `events.parsing`, which owns the rules and the words
(tests/events/test_batches.py compares both ways).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from customers.identity.resolve import Reference
from events.columns import Doubt, as_json, columns_of, priced
from events.models import EventType, Quality
from events.parsing import TEXTS, EventIn, InvalidEvent, parse_event

#: As few events are looked at one by one.
FEW = 8


@dataclass(slots=True)
class Batch:
    """Valid events as columns of equal length; `index` is each one's place in the call.

    Numbers and `moment`, which is `occurred_at`, are texts as PostgreSQL reads them, `amount` is in the
    shop's currency, `properties` JSON.
    """

    index: list[int] = field(default_factory=list)
    message_id: list[str] = field(default_factory=list)
    type: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    occurred_at: list[datetime] = field(default_factory=list)
    moment: list[str] = field(default_factory=list)
    customer: list[str | tuple[Reference, ...] | None] = field(default_factory=list)
    anonymous_id: list[str | None] = field(default_factory=list)
    sku: list[str | None] = field(default_factory=list)
    order_id: list[str | None] = field(default_factory=list)
    quantity: list[str | None] = field(default_factory=list)
    amount: list[str | None] = field(default_factory=list)
    currency: list[str | None] = field(default_factory=list)
    original_amount: list[str | None] = field(default_factory=list)
    discount: list[str | None] = field(default_factory=list)
    quality: list[str] = field(default_factory=list)
    properties: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.index)

    def extend(self, other: Self) -> None:
        """Append another batch's events."""
        for column in fields(self):
            getattr(self, column.name).extend(getattr(other, column.name))

    def pick(self, places: Sequence[int]) -> Self:
        """Return the events at some places, in that order."""
        return type(self)(*([getattr(self, c.name)[p] for p in places] for c in fields(self)))

    def append(self, index: int, event: EventIn) -> None:
        """Append one event."""
        base, original, quality = priced(event.amount, event.currency)
        discount, _original, lacks_rate = priced(event.discount, event.discount_currency)
        quantity = None if event.quantity is None else f"{event.quantity:f}"
        if event.type == EventType.PURCHASE and event.sku and not event.quantity:
            quality = Quality.NO_QUANTITY.value
        quality = quality or lacks_rate
        row = (
            index, event.message_id, event.type, event.source, event.occurred_at,
            event.occurred_at.isoformat(), event.customer, event.anonymous_id, event.sku, event.order_id,
            quantity, base, event.currency, original, discount,
            quality, as_json(event.properties) if event.properties else None,
        )  # fmt: skip
        for column, value in zip(fields(self), row, strict=True):
            getattr(self, column.name).append(value)


@dataclass(slots=True)
class Read:
    """What a call's events came to: the valid ones, and what is wrong with the others, by index."""

    batch: Batch = field(default_factory=Batch)
    rejected: dict[int, dict[str, list[str]]] = field(default_factory=dict)


def read(events: Sequence[Any], *, now: datetime, default_source: str) -> Read:
    """Return the valid events as columns, and the errors of the others.

    Items are mappings as partners send them, or EventIn. 1,000 good ones take about 3 ms, 1,000 bad ones
    30 ms.
    """
    found = Read()
    _read(events, 0, now, default_source, found)
    return found


def _read(events: Sequence[Any], start: int, now: datetime, source: str, found: Read) -> None:
    if len(events) <= FEW:
        for index, raw in enumerate(events, start):
            try:
                event = raw if isinstance(raw, EventIn) else parse_event(raw, now=now, default_source=source)
            except InvalidEvent as error:
                found.rejected[index] = error.errors
            else:
                found.batch.append(index, event)
        return
    try:
        found.batch.extend(Batch(*columns_of(events, start, now, source)))
    except Doubt:
        middle = len(events) // 2
        _read(events[:middle], start, now, source, found)
        _read(events[middle:], start + middle, now, source, found)


def source_of(raw: Any, default: str) -> str:
    """Return the source that an invalid event claims to be of, when it could be one."""
    source = raw.get("source") if isinstance(raw, Mapping) else None
    right = (
        isinstance(source, str) and source.strip() and len(source) <= TEXTS["source"] and source.isprintable()
    )
    return str(source) if right else default
