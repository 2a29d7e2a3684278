"""Segments whose members are named: uploaded, pasted, added and taken out by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from core import clock
from core.encryption import keyed_hashes, normalise_email
from customers.models import Customer, Identifier
from segments import moves
from segments.models import Cause, Segment
from segments.query import Query, compose
from segments.rules import RuleError

#: References in one call.
MOST = 100_000


def add(
    segment: Segment, references: Sequence[str], *, now: datetime, user: User | None = None, actor: str = ""
) -> dict[str, Any]:
    """Add customers to a list. See `replace`."""
    return _change(segment, "add", references, now=now, user=user, actor=actor)


def remove(
    segment: Segment, references: Sequence[str], *, now: datetime, user: User | None = None, actor: str = ""
) -> dict[str, Any]:
    """Take customers out of a list. See `replace`."""
    return _change(segment, "remove", references, now=now, user=user, actor=actor)


def replace(
    segment: Segment, references: Sequence[str], *, now: datetime, user: User | None = None, actor: str = ""
) -> dict[str, Any]:
    """Make the named customers the members: `{"entered", "left", "size", "unknown"}`.

    A reference is a customer id or an e-mail address; `unknown` lists those that nobody has, in their
    order. Three queries to find them, two to change; 100,000 take about 3 s. Raises RuleError for a
    segment by rule and for too many.
    """
    return _change(segment, "replace", references, now=now, user=user, actor=actor)


def find(references: Sequence[str]) -> dict[str, int]:
    """Return the customers' keys by reference; ids of merged records lead to the kept ones."""
    wanted = list(dict.fromkeys(reference.strip() for reference in references))
    usable = [reference for reference in wanted if reference and "\0" not in reference]
    found = dict(Customer.objects.filter(external_id__in=usable).values_list("external_id", "pk"))
    left = [reference for reference in usable if reference not in found]
    emails: dict[str, str] = {}
    for reference in left:
        if "@" in reference:
            try:
                emails[reference] = normalise_email(reference)
            except ValueError:
                continue
    ids = keyed_hashes(Identifier.Kind.EXTERNAL_ID, left)
    addresses = keyed_hashes(Identifier.Kind.EMAIL, set(emails.values()))
    for kind, hashes in (
        (Identifier.Kind.EXTERNAL_ID, ids),
        (Identifier.Kind.EMAIL, {reference: addresses[email] for reference, email in emails.items()}),
    ):
        rows = Identifier.objects.filter(
            kind=kind, value_hash__in=list(hashes.values()), customer__isnull=False
        )
        by_hash = dict(rows.values_list("value_hash", "customer_id"))
        found |= {reference: by_hash[h] for reference, h in hashes.items() if h in by_hash}
    return found


def _change(
    segment: Segment,
    how: str,
    references: Sequence[str],
    *,
    now: datetime,
    user: User | None,
    actor: str,
) -> dict[str, Any]:
    if segment.kind != Segment.Kind.STATIC:
        raise RuleError("kind", _("Only the members of a list can be given by hand."))
    if len(references) > MOST:
        raise RuleError("", _("Give at most %(n)d at a time.") % {"n": MOST})
    found = find(references)
    with transaction.atomic():
        held = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
        _gather(held, how, list(set(found.values())))
        moved = moves.apply([held], at=clock.known_until(now), now=now, cause=Cause.LIST)
        key = str(held.pk)
        entered, left = moved.entered.get(key, 0), moved.left.get(key, 0)
        size = held.memberships.filter(left_at=None).count()
        Segment.objects.filter(pk=held.pk).update(size=size, refreshed_at=now, counted_version=held.version)
        segment.size, segment.refreshed_at = size, now
        audit.record(
            action=f"segment.list_{how}",
            target=segment,
            now=now,
            user=user,
            actor=actor,
            after={"entered": entered, "left": left, "size": size},
        )
    unknown = [r for r in dict.fromkeys(r.strip() for r in references) if r not in found]
    return {"entered": entered, "left": left, "size": size, "unknown": unknown}


_NOW = {
    "replace": "SELECT unnest({ids}::bigint[])",
    "add": "SELECT customer_id FROM {open} UNION SELECT unnest({ids}::bigint[])",
    "remove": "SELECT customer_id FROM {open} EXCEPT SELECT unnest({ids}::bigint[])",
}


def _gather(segment: Segment, how: str, ids: list[int]) -> None:
    open_stays = compose(
        "(SELECT customer_id FROM segments_segmentmembership WHERE segment_id = {id} AND left_at IS NULL) m",
        id=str(segment.pk),
    )
    members: Query = compose(_NOW[how], open=open_stays, ids=ids)
    create = compose(
        "CREATE TEMPORARY TABLE segment_now ON COMMIT DROP AS"
        " SELECT {segment}::uuid AS segment_id, q.customer_id FROM ({members}) AS q(customer_id)",
        segment=str(segment.pk),
        members=members,
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS segment_now")
        cursor.execute(create.sql, create.params)
