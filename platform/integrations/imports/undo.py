"""Taking a batch back: exactly what it created or changed, and nothing that others have touched since.

Each step takes some changes, undoes them and forgets them in one transaction, so that an undo that was
killed goes on where it stopped. Events go first, then who and what was made only for them.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from accounts.jobs import Progress
from catalog.loading import take_back_rows
from catalog.models import PriceChange, Product, StockChange
from core import clock
from core.snapshots import pointed_at
from customers.loading import Change, compensate, take_back_people, take_back_suppressions
from customers.models import Consent, ConsentEvent, Customer, Identifier
from events import changes
from events.models import Event, QuarantinedEvent
from events.undo import remove
from integrations.imports.kinds.base import CONSENT, CUSTOMER, EVENT, HELD, PRODUCT, SUPPRESSION
from integrations.models import ImportChange, ImportRun, ImportState

_BATCH = 5000
_NAMED = 100
#: What is worked out from facts and goes with its customer or product.
_DERIVED = frozenset({"profiles", "segments", "recommendations", "integrations", "console"})
_PARTS: frozenset[type[models.Model]] = frozenset(
    {Identifier, Consent, ConsentEvent, PriceChange, StockChange}
)

Step = Callable[[ImportRun, list[Change], datetime], Iterable[str]]


def undo(run: ImportRun, now: datetime, progress: Progress) -> dict[str, list[str]]:
    """Take everything back and return what was left alone, by thing, with names of the first hundred."""
    total = ImportChange.objects.filter(run=run).count()
    left: dict[str, list[str]] = dict(run.left_alone or {})
    done = 0
    for thing, step in _STEPS:
        while ImportChange.objects.filter(run=run, thing=thing).exists():
            with transaction.atomic():
                # A rival's undo holds the run; who comes second finds the changes gone.
                ImportRun.objects.select_for_update().get(pk=run.pk)
                keys, mine = _next(run, thing)
                names = list(step(run, mine, clock.now()))
                _forget(keys)
                if names:
                    left[thing] = [*left.get(thing, []), *names][:_NAMED]
                    counted = f"{thing}_count"
                    left[counted] = [str(int((left.get(counted) or ["0"])[0]) + len(names))]
                    ImportRun.objects.filter(pk=run.pk, state=ImportState.UNDOING).update(left_alone=left)
            done += len(mine)
            progress(done, total, _("%(n)d changes taken back") % {"n": done})
    return left


def _next(run: ImportRun, thing: str) -> tuple[list[int], list[Change]]:
    """Return some changes with their keys in the journal."""
    rows = ImportChange.objects.filter(run=run, thing=thing).order_by("object_id")
    found = list(rows.values_list("pk", "object_id", "created", "before", "stamp")[:_BATCH])
    return [pk for pk, *_change in found], [Change(*change) for _pk, *change in found]


def _forget(keys: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM integrations_importchange WHERE id = ANY(%s)", [keys])


def _events(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    changes.note(remove([(change.object_id, change.stamp) for change in batch]), now)
    return []


def _held(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    waiting = QuarantinedEvent.objects.filter(pk__in=[change.object_id for change in batch])
    released = waiting.filter(released_at__isnull=False).values_list("message_id", flat=True)
    names = list(released)
    waiting.filter(released_at=None).delete()
    return names


def _customers(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    created = [change.object_id for change in batch if change.created]
    ours = ImportChange.objects.filter(run=run, thing=CONSENT)
    decided = ConsentEvent.objects.filter(customer__in=created).exclude(pk__in=ours.values("object_id"))
    keep = with_facts(Customer, created) | set(decided.values_list("customer_id", flat=True))
    left = take_back_people(batch, now, keep=keep)
    return list(Customer.objects.filter(pk__in=left).order_by("pk").values_list("external_id", flat=True))


def _consents(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    left = compensate(batch, now, reference=str(run.key))
    return list(Customer.objects.filter(pk__in=left).order_by("pk").values_list("external_id", flat=True))


def _suppressions(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    return [str(pk) for pk in take_back_suppressions(batch)]


def _products(run: ImportRun, batch: list[Change], now: datetime) -> list[str]:
    created = {change.object_id: change.stamp for change in batch if change.created}
    changed = {c.object_id: (c.before or "{}", c.stamp) for c in batch if not c.created}
    left = take_back_rows(created, changed, keep=with_facts(Product, list(created)))
    return list(Product.objects.filter(pk__in=left).order_by("pk").values_list("sku", flat=True))


_STEPS: tuple[tuple[str, Step], ...] = (
    (EVENT, _events),
    (HELD, _held),
    (CUSTOMER, _customers),
    (CONSENT, _consents),
    (SUPPRESSION, _suppressions),
    (PRODUCT, _products),
)


def with_facts(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Return which customers or products have facts of others: events, messages, coupons, assignments.

    One query for each table that points at them; what is only derived does not count.
    """
    found: set[int] = set()
    if not ids:
        return found
    for relation in model._meta.related_objects:
        pointing = relation.related_model
        if pointing._meta.app_label in _DERIVED or pointing in _PARTS:
            continue
        if pointing._meta.app_label == "events" and pointing is not Event:
            continue
        found |= pointed_at(pointing, relation.field.column, list(ids))
    return found
