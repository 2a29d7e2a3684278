"""Two customers who are one person become one customer, and exactly two again when that was wrong.

Every app says by a follower (customers.registries) what becomes of its rows. The merged customer's own
row is kept inside the record of the merge and deleted, so no list, segment or count ever meets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from customers.holdings import restore
from customers.models import Customer, CustomerMerge, MergeProposal
from customers.registries import followers

#: Why two customers were merged.
BY_STAFF, BY_PARTNER, BY_RULE = "staff", "partner", "rule"

_CUSTOMERS = Customer._meta.db_table


class MergeRefused(Exception):
    """The two cannot be merged, or the merge cannot be undone now; the message says why."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What a merge would do, for a person to look at before: rows by what they are."""

    kept: Customer
    merged: Customer
    rows: list[tuple[str, int]]
    filled: list[str]


@transaction.atomic
def merge(
    kept: Customer,
    merged: Customer,
    *,
    now: datetime,
    user: User | None = None,
    actor: str = "",
    reason: str = BY_STAFF,
) -> CustomerMerge:
    """Make `merged` part of `kept`: identifiers, events and everything else move; empty fields are filled.

    Raises MergeRefused for one and the same customer, for one that is gone, and when the one to keep has
    no id of the partner's while the other has. Both are locked, so a merge in the other direction waits and
    then finds one gone. About 40 statements; 100,000 events take about 3 s, mostly one UPDATE.
    """
    kept, merged = _lock(kept.pk, merged.pk)
    if merged.own_id and not kept.own_id:
        raise MergeRefused(_("Keep the customer that has an id of your own."))
    before = _json(kept.pk)
    record = CustomerMerge(
        kept=kept,
        merged_id=merged.pk,
        merged_external_id=merged.external_id,
        merged_record="{}",
        merged_at=now,
        reason=reason,
        actor=actor or (user.get_username() if user else "system"),
    )
    record.save(force_insert=True)
    moved = _move_identifiers(kept.pk, merged.pk, record.pk)
    record.identifier_ids = [pk for pk, _ in moved]
    parts = {name: f.merge(kept.pk, merged.pk, record.identifier_ids, now) for name, f in followers}
    _fill(kept.pk, merged.pk, now)
    content = {
        "kept_before": before,
        "kept_after": _json(kept.pk),
        "merged": _json(merged.pk),
        "identifiers": moved,
        "parts": {name: data for name, data in parts.items() if data},
    }
    record.merged_record = orjson.dumps(content).decode()
    record.save(update_fields=["merged_record", "identifier_ids"])
    delete_customer(merged.pk)
    audit.record(
        action="merge_customers",
        target=record,
        now=now,
        user=user,
        actor=actor,
        after={"kept": kept.pk, "merged": merged.pk, "reason": reason},
    )
    return record


@transaction.atomic
def undo(record: CustomerMerge, *, now: datetime, user: User | None = None, actor: str = "") -> Customer:
    """Take a merge back and return the customer that is there again.

    Every row that the merge moved or changed is as it was; what came since goes to the customer by whose
    identifier it came. A field that somebody changed after the merge stays changed. Raises MergeRefused when
    it was undone already, or when a later merge into the same customer stands: the last comes first.
    """
    record = CustomerMerge.objects.select_for_update().get(pk=record.pk)
    if record.undone_at:
        raise MergeRefused(_("This merge was undone already."))
    _lock_one(record.kept_id)
    later = CustomerMerge.objects.filter(kept_id=record.kept_id, undone_at=None, pk__gt=record.pk)
    if last := later.order_by("-pk").first():
        raise MergeRefused(
            _("First undo the later merge of %(customer)s.") % {"customer": last.merged_external_id}
        )
    content: dict[str, Any] = orjson.loads(record.merged_record)
    if Customer.objects.filter(external_id=record.merged_external_id).exists():
        raise MergeRefused(_("There is a customer with the id of the merged one again."))
    restore(_CUSTOMERS, [content["merged"]])
    _return_identifiers(record, content["identifiers"])
    parts = content["parts"]
    for name, follower in reversed(list(followers)):
        follower.undo(record.kept_id, record.merged_id, record.identifier_ids, parts.get(name, {}), now)
    _unfill(record.kept_id, content["kept_before"], content["kept_after"])
    record.undone_at = now
    # The personal data of the merged customer stand in its own row again.
    record.merged_record = "{}"
    record.save(update_fields=["undone_at", "merged_record"])
    audit.record(
        action="undo_merge",
        target=record,
        now=now,
        user=user,
        actor=actor,
        after={"kept": record.kept_id, "merged": record.merged_id},
    )
    return Customer.objects.get(pk=record.merged_id)


def preview(kept: Customer, merged: Customer) -> Lines:
    """Return what a merge would do. One count a table, by its customer index."""
    rows = []
    for _name, follower in followers:
        model = getattr(follower, "model", None)
        if model is not None and getattr(follower, "counted", True):
            count = model._default_manager.filter(**{follower.column: merged.pk}).count()
            if count:
                rows.append((str(model._meta.verbose_name_plural), count))
    filled = [
        str(Customer._meta.get_field(name).verbose_name)
        for name in (
            "first_name",
            "last_name",
            "email",
            "phone",
            "birthday",
            "locale",
            "time_zone",
            "country",
        )
        if getattr(merged, name) and not getattr(kept, name)
    ]
    return Lines(kept, merged, rows, filled)


def dismiss(proposal: MergeProposal, *, now: datetime, user: User) -> bool:
    """Note that two customers are two people; they are not proposed again. Return whether it was open."""
    done = MergeProposal.objects.filter(pk=proposal.pk, state=MergeProposal.State.OPEN).update(
        state=MergeProposal.State.DISMISSED, decided_at=now
    )
    if done:
        audit.record(action="dismiss_merge", target=proposal, now=now, user=user)
    return bool(done)


def older_first(first: Customer, second: Customer) -> tuple[Customer, Customer]:
    """Return (kept, merged): an id of the partner's before one of ours, a record before a stub, then age."""
    ordered = sorted((first, second), key=lambda c: (not c.own_id, c.is_stub, c.created_at, c.pk))
    return ordered[0], ordered[1]


def _lock(kept_id: int, merged_id: int) -> tuple[Customer, Customer]:
    if kept_id == merged_id:
        raise MergeRefused(_("This is one and the same customer."))
    found = {
        c.pk: c
        for c in Customer.objects.filter(pk__in=[kept_id, merged_id])
        .order_by("external_id")
        .select_for_update()
    }
    if len(found) < 2:
        raise MergeRefused(_("One of the two is not there any more."))
    return found[kept_id], found[merged_id]


def _lock_one(pk: int) -> None:
    Customer.objects.select_for_update().get(pk=pk)


def _json(pk: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(c)::text FROM {_CUSTOMERS} c WHERE id = %s", [pk])  # noqa: S608
        return str(cursor.fetchone()[0])


def _move_identifiers(kept_id: int, merged_id: int, record_id: int) -> list[tuple[int, int | None]]:
    """Move identifiers and return each with the merge by which it had come before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH old AS (SELECT id, merge_id FROM customers_identifier WHERE customer_id = %s"
            " ORDER BY kind, value_hash FOR UPDATE)"
            " UPDATE customers_identifier i SET customer_id = %s, merge_id = %s FROM old"
            " WHERE i.id = old.id RETURNING i.id, old.merge_id",
            [merged_id, kept_id, record_id],
        )
        return sorted(cursor.fetchall())


def _return_identifiers(record: CustomerMerge, moved: Sequence[Sequence[int | None]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_identifier i SET customer_id = %s, merge_id = t.merge_id"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS t(id, merge_id)"
            " WHERE i.id = t.id AND i.customer_id = %s",
            [record.merged_id, [pk for pk, _ in moved], [m for _, m in moved], record.kept_id],
        )


#: What the kept customer takes over where it has nothing; SQL over k (kept) and m (merged).
_TAKEN_OVER = {
    "first_name": "CASE WHEN k.first_name = '' AND k.last_name = '' THEN m.first_name ELSE k.first_name END",
    "last_name": "CASE WHEN k.first_name = '' AND k.last_name = '' THEN m.last_name ELSE k.last_name END",
    "email": "coalesce(k.email, m.email)",
    "email_domain": "CASE WHEN k.email IS NULL THEN m.email_domain ELSE k.email_domain END",
    "phone": "coalesce(k.phone, m.phone)",
    "birthday": "coalesce(k.birthday, m.birthday)",
    "birth_month_day": "CASE WHEN k.birthday IS NULL THEN m.birth_month_day ELSE k.birth_month_day END",
    "locale": "coalesce(nullif(k.locale, ''), m.locale)",
    "time_zone": "coalesce(nullif(k.time_zone, ''), m.time_zone)",
    "country": "coalesce(nullif(k.country, ''), m.country)",
    "attributes": "m.attributes || k.attributes",
    # An objection of either stands for the person.
    "no_profiling": "k.no_profiling OR m.no_profiling",
    "is_stub": "k.is_stub AND m.is_stub",
    "created_at": "least(k.created_at, m.created_at)",
}


def _fill(kept_id: int, merged_id: int, now: datetime) -> None:
    changes = ", ".join(f"{name} = {sql}" for name, sql in _TAKEN_OVER.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_CUSTOMERS} k SET {changes}, updated_at = %s"  # noqa: S608 (constants)
            f" FROM {_CUSTOMERS} m WHERE k.id = %s AND m.id = %s",
            [now, kept_id, merged_id],
        )


def _unfill(kept_id: int, before: str, after: str) -> None:
    """Restore the kept customer's fields that nobody changed since the merge."""
    changes = ", ".join(
        f"{name} = CASE WHEN to_jsonb(k)->'{name}' IS NOT DISTINCT FROM a.row->'{name}'"
        f" THEN b.{name} ELSE k.{name} END"
        for name in [*_TAKEN_OVER, "updated_at"]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_CUSTOMERS} k SET {changes}"  # noqa: S608 (constants)
            f" FROM jsonb_populate_record(NULL::{_CUSTOMERS}, %s::jsonb) b, (SELECT %s::jsonb AS row) a"
            " WHERE k.id = %s",
            [before, after, kept_id],
        )


def delete_customer(pk: int) -> None:
    """Delete a customer's own row, the last of its rows; a table that kept one fails here, not at commit."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_CUSTOMERS} WHERE id = %s", [pk])  # noqa: S608
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def open_proposals(customer: Customer) -> list[tuple[MergeProposal, Customer]]:
    """Return the open proposals about a customer with the other one of each. One query."""
    proposals = MergeProposal.objects.filter(
        Q(first=customer) | Q(second=customer), state=MergeProposal.State.OPEN
    ).select_related("first", "second")
    return [(p, p.second if p.first_id == customer.pk else p.first) for p in proposals]
