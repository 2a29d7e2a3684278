"""How good the data are that came in: what was cleaned, filled or doubted, per source and day.

Figures are noted in the transaction of the data they are about. `TREATMENT` says what is done about each
kind of flaw; nothing that a partner sent is ever changed, and what is filled says so here.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.arrays import number_array, text_array
from core.clock import shop_zone
from events.models import Note, QualityCount

#: A unit price so many times the product's usual one is marked as outlying.
OUTLYING = 20
#: The usual price is the median of the purchases of so many days, where there are at least so many.
TYPICAL_DAYS = 365
TYPICAL_PURCHASES = 5

TREATMENT: dict[str, Any] = {
    Note.DUPLICATE: _("Came again with an id that was there already: counted, not stored twice."),
    Note.REJECTED: _("Missing or impossible values: refused, the answer named each."),
    Note.FUTURE: _("More than 24 hours ahead: held in quarantine until somebody looks."),
    Note.TOO_OLD: _("Older than what the shop keeps: held in quarantine."),
    Note.NO_TIME: _("Filled with the moment it arrived."),
    Note.NO_SOURCE: _("Filled with the name of the way in."),
    Note.NO_QUANTITY: _("Kept and marked; counts in no quantity, frequency or revenue."),
    Note.NO_RATE: _("Kept in its own currency and marked; counts in no sum."),
    Note.ZERO_PRICE: _("Kept and marked: a gift, or a price that was forgotten."),
    Note.OUTLIER: _("More than 20 times what the product usually costs: kept and marked."),
    Note.UNKNOWN_CUSTOMER: _("Kept; a customer without a record was made for them."),
    Note.UNKNOWN_PRODUCT: _("Kept; a product without a record was made for it."),
    Note.NO_SKU: _("Lines of imported orders: the product's name stands in for its number."),
    Note.ONE_ASSUMED: _("Lines of imported orders: counted as one piece."),
}

Key = tuple[str, date, str]


def note(source: str, day: date, counts: Mapping[str, int]) -> None:
    """Add to the figures of a source on a day (the shop's), in the caller's transaction. One insert.

    Keys of `counts` are of events.models.Note; zeros are left out.
    """
    note_all({(source, day, what): count for what, count in counts.items()})


def note_all(counts: Mapping[Key, int]) -> None:
    """Add figures of several sources and days. One insert; never waits for another writer."""
    keys = sorted(key for key, count in counts.items() if count)
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_qualitycount (source, day, note, count) SELECT * FROM"
            " unnest(%s::varchar[], %s::date[], %s::varchar[], %s::bigint[])",
            [
                text_array(source for source, _, _ in keys),
                text_array(day.isoformat() for _, day, _ in keys),
                text_array(str(what) for _, _, what in keys),
                number_array(counts[key] for key in keys),
            ],
        )


def shop_day(moment: datetime) -> date:
    """Return the shop's day that holds a moment."""
    return moment.astimezone(shop_zone()).date()


def fold(now: datetime) -> None:
    """Add up the rows of one source, day and kind, so that the table stays small. One statement.

    Rows that are noted meanwhile are left for the next time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM events_qualitycount WHERE (source, day, note) IN"
            "  (SELECT source, day, note FROM events_qualitycount GROUP BY 1, 2, 3 HAVING count(*) > 1)"
            "  RETURNING source, day, note, count)"
            " INSERT INTO events_qualitycount (source, day, note, count)"
            " SELECT source, day, note, sum(count) FROM gone GROUP BY 1, 2, 3"
        )


def figures(first: date, last: date, source: str | None = None) -> list[dict[str, Any]]:
    """Return `{source, day, note, count}` of the days from `first` to `last`, both included."""
    rows = QualityCount.objects.filter(day__range=(first, last))
    if source:
        rows = rows.filter(source=source)
    found = rows.values("source", "day", "note").annotate(count=Sum("count"))
    return [dict(row) for row in found.order_by("day", "source", "note")]


def sources() -> Sequence[str]:
    """Return the sources that have figures."""
    return list(QualityCount.objects.values_list("source", flat=True).distinct().order_by("source"))


def price_fault(amount: str, quantity: str, typical: float | None) -> Note | None:
    """Say what is odd about a purchase's price: zero, or more than 20 times the product's usual one."""
    paid = float(amount)
    if paid == 0:
        return Note.ZERO_PRICE
    if typical and paid > OUTLYING * typical * float(quantity):
        return Note.OUTLIER
    return None


def renew_typical_prices(now: datetime) -> int:
    """Renew what each product usually sells for, from a year of purchases. Return how many are known.

    One statement; 1.5 million purchases take about 3 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_typicalprice AS t (product_id, price)"
            " SELECT product_id,"
            "  percentile_cont(0.5) WITHIN GROUP (ORDER BY amount / quantity)::numeric(14, 2)"
            " FROM events_event JOIN catalog_product p ON p.id = product_id"
            " WHERE type = 'purchase' AND occurred_at > %s AND occurred_at <= %s AND amount > 0"
            " AND quantity > 0 GROUP BY product_id HAVING count(*) >= %s ORDER BY product_id"
            " ON CONFLICT (product_id) DO UPDATE SET price = excluded.price WHERE t.price <> excluded.price",
            [now - timedelta(days=TYPICAL_DAYS), now, TYPICAL_PURCHASES],
        )
        cursor.execute("SELECT count(*) FROM events_typicalprice")
        return int(cursor.fetchone()[0])
