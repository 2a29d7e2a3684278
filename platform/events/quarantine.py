"""Events that were understood but not believed: held, looked at, then released or discarded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record as audit
from accounts.models import User
from events import quality
from events.batches import read
from events.intake import store
from events.models import QuarantinedEvent
from events.parsing import EventIn
from events.retention import floor
from events.store import ensure_months

Reason = QuarantinedEvent.Reason
#: What lies further ahead is a wrong clock, not a fact.
FUTURE = timedelta(hours=24)
#: What lies further back is a wrong century, where the shop keeps its history for ever.
HISTORY = relativedelta(years=20)
#: Decisions are stored in blocks of so many.
BLOCK = 1000


def doubtful(moments: Sequence[datetime], now: datetime) -> dict[int, Reason]:
    """Return the places of moments that cannot be believed, and why."""
    if not moments:
        return {}
    last, first = now + FUTURE, floor(now) or now - HISTORY
    if first <= min(moments) and max(moments) <= last:
        return {}
    return {
        place: Reason.FUTURE if moment > last else Reason.TOO_OLD
        for place, moment in enumerate(moments)
        if not first <= moment <= last
    }


def hold(events: Iterable[tuple[str, str, Any, Reason]], now: datetime) -> None:
    """Hold events, each once by its key: rows are (source, message id, the event as it came, why).

    Runs in the caller's transaction. One insert, sorted by key like all others.
    """
    rows = [
        QuarantinedEvent(
            source=source,
            message_id=message_id,
            payload=_payload(event, source),
            reason=reason,
            received_at=now,
        )
        for source, message_id, event, reason in sorted(events, key=lambda e: e[:2])
    ]
    QuarantinedEvent.objects.bulk_create(rows, ignore_conflicts=True)


def _payload(event: Any, source: str) -> dict[str, Any]:
    """Return an event in the form in which partners send it, whatever it came as."""
    if not isinstance(event, EventIn):
        return {**event, "source": source}
    sent = {
        name: getattr(event, name)
        for name in ("message_id", "type", "source", "anonymous_id", "sku", "order_id", "properties")
    }
    sent["occurred_at"] = event.occurred_at.isoformat()
    sent["customer"] = event.customer if not isinstance(event.customer, tuple) else dict(event.customer)
    sent["quantity"] = None if event.quantity is None else f"{event.quantity:f}"
    if event.amount is not None:
        sent["amount"] = {"amount": f"{event.amount:f}", "currency": event.currency}
    if event.discount is not None:
        sent["discount"] = {"amount": f"{event.discount:f}", "currency": event.discount_currency}
    return {name: value for name, value in sent.items() if value is not None}


@dataclass(slots=True)
class Released:
    """How many events were stored, how many were there already, and how many stay and why."""

    stored: int = 0
    known: int = 0
    kept: list[tuple[str, str]] = field(default_factory=list)


def release(
    held: QuerySet[QuarantinedEvent], *, now: datetime, user: User | None, as_arrived: bool
) -> Released:
    """Store events that a person believes after all, each once, and say what became of them.

    With `as_arrived` they happened when they came in, which is right for a clock that runs wrong; else
    when they say. What could not be kept, or is not valid by today's rules, stays in quarantine. Each
    1,000 are a transaction: events, state and the audit's entry together.
    """
    done = Released()
    pending = list(_open(held).values_list("pk", flat=True))
    for start in range(0, len(pending), BLOCK):
        with transaction.atomic():
            rows = list(_locked(pending[start : start + BLOCK]))
            _release(rows, now, user, as_arrived, done)
    return done


def _release(
    rows: list[QuarantinedEvent], now: datetime, user: User | None, as_arrived: bool, done: Released
) -> None:
    events = [
        {**row.payload, "occurred_at": row.received_at.isoformat()} if as_arrived else row.payload
        for row in rows
    ]
    found = read(events, now=now, default_source="api")
    batch, limit = found.batch, floor(now)
    kept = {index: _first(errors) for index, errors in found.rejected.items()}
    if limit is not None:
        late = [i for i, at in zip(batch.index, batch.occurred_at, strict=True) if at < limit]
        kept |= {i: str(_("It is older than what the shop keeps.")) for i in late}
        batch = batch.pick([p for p, index in enumerate(batch.index) if index not in kept])
    if batch:
        ensure_months(batch.occurred_at)
    stored = store(batch, now)
    kept |= {index: _first(errors) for index, errors in stored.refused.items()}
    quality.note_all({(s, quality.shop_day(now), what): n for (s, what), n in stored.notes.items()})
    gone = [row for index, row in enumerate(rows) if index not in kept]
    QuarantinedEvent.objects.filter(pk__in=[row.pk for row in gone]).update(released_at=now)
    done.stored += stored.accepted
    done.known += stored.duplicates
    done.kept += [(str(rows[index]), reason) for index, reason in kept.items()]
    if gone:
        after = {"events": len(gone), "stored": stored.accepted, "as_arrived": as_arrived}
        audit(action="quarantine.release", target=gone[0], now=now, user=user, after=after)


def discard(held: QuerySet[QuarantinedEvent], *, now: datetime, user: User | None) -> int:
    """Decide that events are not to be believed: readable, never facts. Return how many they were."""
    pending = list(_open(held).values_list("pk", flat=True))
    with transaction.atomic():
        rows = list(_locked(pending))
        QuarantinedEvent.objects.filter(pk__in=[row.pk for row in rows]).update(discarded_at=now)
        if rows:
            audit(
                action="quarantine.discard", target=rows[0], now=now, user=user, after={"events": len(rows)}
            )
    return len(rows)


def _open(held: QuerySet[QuarantinedEvent]) -> QuerySet[QuarantinedEvent]:
    return held.filter(released_at=None, discarded_at=None).order_by("pk")


def _locked(pks: Sequence[int]) -> QuerySet[QuarantinedEvent]:
    """Lock those that nobody else decides on at this moment."""
    return _open(QuarantinedEvent.objects.filter(pk__in=pks)).select_for_update(skip_locked=True)


def _first(errors: dict[str, list[str]]) -> str:
    field_name, texts = next(iter(errors.items()))
    return f"{field_name}: {texts[0]}"
