"""What this app keeps about people beside their own record, and what merges, erasures and exports do with it.

Each app with rows about customers has such a module; its `register` is called when the app is ready.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q

from accounts.models import AuditEntry
from customers.holdings import Rows, hold, plain, restore
from customers.models import (
    Consent,
    ConsentEvent,
    CustomerMerge,
    HouseholdMember,
    Identifier,
    MergeProposal,
)
from customers.registries import Person, erasers


class Identifiers(Rows):
    """Identifiers move with the merge itself; an export names their kinds, for the values are not kept."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Do nothing: done before the followers are asked."""
        return {}


@dataclass(frozen=True)
class Consents(Rows):
    """What the person agrees to now: of both customers' words the latest counts, of two at once the no."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Take the later word of both for each channel and topic."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT to_jsonb(t)::text FROM customers_consent t WHERE customer_id = %s FOR UPDATE",
                [kept_id],
            )
            kept = [text for (text,) in cursor.fetchall()]
            cursor.execute("SELECT coalesce(max(id), 0) FROM customers_consentevent")
            last = cursor.fetchone()[0]
            data = self.set_aside(merged_id)
            cursor.execute(
                "INSERT INTO customers_consent AS c (customer_id, channel, topic, granted, since)"  # noqa: S608
                " SELECT %s, channel, topic, granted, since"
                " FROM jsonb_populate_recordset(NULL::customers_consent, %s::jsonb) ORDER BY channel, topic"
                f" {_LATER_COUNTS}",
                [kept_id, _array(data.get("aside", {}).get(self.table, []))],
            )
        return {**data, "kept": kept, "last": last} if data else {}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Restore both states, then tell the kept customer's again what was said since the merge."""
        if not data:
            return
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM customers_consent WHERE customer_id = %s", [kept_id])
            restore(self.table, data["kept"])
            self.put_back(data)
            cursor.execute(
                "INSERT INTO customers_consent AS c (customer_id, channel, topic, granted, since)"  # noqa: S608
                " SELECT DISTINCT ON (channel, topic) customer_id, channel, topic, granted, occurred_at"
                " FROM customers_consentevent WHERE customer_id = %s AND id > %s"
                f" ORDER BY channel, topic, occurred_at DESC, granted {_LATER_COUNTS}",
                [kept_id, data["last"]],
            )


_LATER_COUNTS = (
    "ON CONFLICT (customer_id, channel, topic) DO UPDATE SET granted = excluded.granted,"
    " since = excluded.since WHERE excluded.since > c.since"
    " OR (excluded.since = c.since AND NOT excluded.granted)"
)


@dataclass(frozen=True)
class Proposals(Rows):
    """Open questions about a merged customer are answered; they come back when the merge is undone."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Set aside every proposal that names the merged customer."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM customers_mergeproposal t WHERE %s IN (first_id, second_id)"
                " RETURNING to_jsonb(t)::text",
                [merged_id],
            )
            texts = [text for (text,) in cursor.fetchall()]
        return {"aside": {self.table: texts}} if texts else {}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Put them back, but for those whose other customer is gone meanwhile."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO customers_mergeproposal"
                " SELECT r.* FROM jsonb_populate_recordset(NULL::customers_mergeproposal, %s::jsonb) r"
                " WHERE (SELECT count(*) FROM customers_customer WHERE id IN (r.first_id, r.second_id)) = 2"
                " ON CONFLICT DO NOTHING",
                [_array(data.get("aside", {}).get(self.table, []))],
            )

    def erase(self, person: Person, now: datetime) -> int:
        """Delete every proposal that names the person."""
        return MergeProposal.objects.filter(
            Q(first=person.customer_id) | Q(second=person.customer_id)
        ).delete()[0]


class Merges(Rows):
    """Merges into a customer that is itself merged belong to the one that is kept."""

    def export(self, customer_id: int) -> list[dict[str, Any]]:
        """Name the records that were merged into this one."""
        rows = CustomerMerge.objects.filter(kept=customer_id, undone_at=None)
        return [plain(row) for row in rows.values("merged_external_id", "merged_at").order_by("pk")]


class AuditNames:
    """Names in the audit log and in the admin's own history."""

    def erase(self, person: Person, now: datetime) -> int:
        """Blank the person's name where it stands. The hash chain covers ids and values, not names."""
        merges = CustomerMerge.objects.filter(kept=person.customer_id).values_list("pk", flat=True)
        about = Q(object_type="customers.Customer", object_id=str(person.customer_id)) | Q(
            object_type="customers.CustomerMerge", object_id__in=[str(pk) for pk in merges]
        )
        rows = AuditEntry.objects.filter(about).exclude(object_name="").update(object_name="")
        history = LogEntry.objects.filter(
            content_type__app_label="customers",
            content_type__model="customer",
            object_id=str(person.customer_id),
        )
        return rows + history.update(object_repr="", change_message="")


class RepeatedAnswers:
    """Answers kept for repeats of calls: they hold what was written."""

    def erase(self, person: Person, now: datetime) -> int:
        """Empty the answers that name the person. One scan of a day's answers."""
        words = [*person.external_ids, *person.emails, *person.phones]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE core_idempotencykey SET body = '{}' WHERE body->>'external_id' = ANY(%s)"
                " OR body->>'email' = ANY(%s) OR EXISTS (SELECT FROM unnest(%s::text[]) word"
                " WHERE position(word IN lower(body::text)) > 0)",
                [list(person.external_ids), words, [*person.emails, *person.phones]],
            )
            return int(cursor.rowcount)


def register() -> None:
    """Say what happens to this app's tables."""
    # First, while the merges that bear the person's name are still there.
    erasers.add("accounts.auditentry", AuditNames())
    erasers.add("core.idempotencykey", RepeatedAnswers())
    hold(Identifiers(Identifier, shown=("kind", "created_at", "joined_at")))
    hold(Rows(ConsentEvent, shown=(
        "channel", "topic", "granted", "source", "proof", "occurred_at", "recorded_at",
    )))  # fmt: skip
    hold(Consents(Consent, shown=("channel", "topic", "granted", "since")))
    hold(Rows(HouseholdMember, once=(), shown=("since",)))
    hold(Proposals(MergeProposal, column="first_id"))
    hold(Merges(CustomerMerge, column="kept_id"))


def _array(texts: Sequence[str]) -> str:
    return f"[{','.join(texts)}]"
