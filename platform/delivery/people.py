"""What was written to people, and what merges, erasures and exports do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.encryption import normalise_email
from customers.holdings import Rows, hold
from customers.registries import Person, erasers
from delivery.direct.models import DirectMessage
from delivery.endpoints.models import OnsiteMessage, PushToken, ReceivedMessage, StaffTask
from delivery.models import (
    Message,
    MessageState,
    OptIn,
    Preference,
    ReceivedMail,
    Return,
    SkipReason,
)
from delivery.providers.models import Handover

_SAME = (
    "m.customer_id = %(merged)s AND EXISTS (SELECT FROM delivery_message k WHERE k.customer_id = %(kept)s"
    " AND (k.run_id, k.source, k.step) = (m.run_id, m.source, m.step))"
)
#: Added to the occurrence of a message that the kept customer has, too: far above any real one.
_SECOND = 10_000


@dataclass(frozen=True)
class Messages(Rows):
    """A run's sums must hold, so no message is ever deleted.

    Where both customers were in one run, the merged one's message keeps its place as a further
    occurrence, unless it still waits: then it stays behind and the outbox leaves it out, for nobody is
    written to twice.
    """

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Move what does not wait beside the kept customer's own."""
        both = {"kept": kept_id, "merged": merged_id, "second": _SECOND}
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_message m"  # noqa: S608 (a constant)
                " SET customer_id = %(kept)s, occurrence = m.occurrence + %(second)s"
                f" WHERE {_SAME} AND m.state <> 'pending' RETURNING m.id",
                both,
            )
            second = [pk for (pk,) in cursor.fetchall()]
            cursor.execute(
                "UPDATE delivery_message m SET customer_id = %(kept)s"  # noqa: S608
                f" WHERE m.customer_id = %(merged)s AND NOT ({_SAME}) RETURNING m.id",
                both,
            )
            moved = [pk for (pk,) in cursor.fetchall()]
        return {"moved": moved, "second": second} if moved or second else {}

    def undo(
        self,
        kept_id: int,
        merged_id: int,
        identifier_ids: Sequence[int],
        data: dict[str, Any],
        now: datetime,
    ) -> None:
        """Move them back."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_message SET customer_id = %s"
                " WHERE customer_id = %s AND id = ANY(%s::bigint[])",
                [merged_id, kept_id, data.get("moved", [])],
            )
            cursor.execute(
                "UPDATE delivery_message SET customer_id = %s, occurrence = occurrence - %s"
                " WHERE customer_id = %s AND id = ANY(%s::bigint[])",
                [merged_id, _SECOND, kept_id, data.get("second", [])],
            )

    def erase(self, person: Person, now: datetime) -> int:
        """Cut the messages from the person; what waits is left out. The runs' sums stay as they are."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_message SET customer_id = -id, context = '{}', message_id = '', error = '',"
                " state = CASE WHEN state IN %(open)s THEN %(skipped)s ELSE state END,"
                " skip_reason = CASE WHEN state IN %(open)s THEN %(erased)s ELSE skip_reason END,"
                " lease_until = NULL, fence = fence + 1 WHERE customer_id = %(customer)s",
                {
                    "customer": person.customer_id,
                    "open": (MessageState.PENDING.value, MessageState.CLAIMED.value),
                    "skipped": MessageState.SKIPPED.value,
                    "erased": SkipReason.ERASED.value,
                },
            )
            return int(cursor.rowcount)


class ReceivedMails:
    """Mail in the built-in mailbox."""

    def erase(self, person: Person, now: datetime) -> int:
        """Delete the mail that went to one of the person's addresses."""
        return ReceivedMail.objects.filter(pk__in=_received(person.emails)).delete()[0]


def _received(emails: Sequence[str]) -> list[Any]:
    """Return the mail to addresses, compared in their normalised form. Reads the mailbox's envelopes."""
    wanted = set(emails)
    if not wanted:
        return []
    return [pk for pk, to in ReceivedMail.objects.values_list("pk", "envelope_to") if _normal(to) in wanted]


def _normal(address: str) -> str:
    try:
        return normalise_email(address)
    except ValueError:
        return address


@dataclass(frozen=True)
class Handovers(Rows):
    """The providers' ids of messages: found through the messages, before those move or are cut off."""

    def merge(
        self, kept_id: int, merged_id: int, identifier_ids: Sequence[int], now: datetime
    ) -> dict[str, Any]:
        """Follow the messages."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE delivery_handover h SET customer_id = %s {_OF_MESSAGES} RETURNING h.id",  # noqa: S608
                [kept_id, merged_id],
            )
            moved = [pk for (pk,) in cursor.fetchall()]
        return {"moved": moved} if moved else {}

    def erase(self, person: Person, now: datetime) -> int:
        """Cut them from the person and from the provider's id, by which it could find the address."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_handover h SET"  # noqa: S608 (a constant)
                " customer_id = 0, reference = 'erased-' || h.id, error = ''"
                f" {_OF_MESSAGES}",
                [person.customer_id],
            )
            return int(cursor.rowcount)

    def export(self, customer_id: int) -> list[dict[str, Any]]:
        """Return nothing: the messages say what was sent, and when."""
        return []


_OF_MESSAGES = (
    "FROM delivery_message m WHERE m.customer_id = %s AND (h.run_id, h.message_id) = (m.run_id, m.id)"
)


class SinkMessages:
    """Messages at the built-in sinks of the other channels."""

    def erase(self, person: Person, now: datetime) -> int:
        """Delete what went to the person's phone numbers, devices and ids."""
        tokens = PushToken.objects.filter(customer=person.customer_id).values_list("token", flat=True)
        known = [*person.emails, *person.phones, *person.external_ids, *tokens]
        return ReceivedMessage.objects.filter(address__in=known).delete()[0]


def register() -> None:
    """Say what happens to this app's tables. What is found through others comes before them."""
    hold(Handovers(Handover))
    hold(Messages(Message, shown=(
        "run__source", "run__reference", "channel", "state", "skip_reason", "context", "due_at", "sent_at",
        "message_id",
    )))  # fmt: skip
    hold(Rows(DirectMessage, shown=("content", "created_at")))
    hold(Rows(OnsiteMessage, shown=(
        "title", "text", "url", "data", "created_at", "shown_at", "clicked_at", "dismissed_at",
    )))  # fmt: skip
    hold(
        Rows(StaffTask, shown=("external_userid", "title", "text", "state", "created_at", "done_at", "note"))
    )
    erasers.add("delivery.receivedmail", ReceivedMails())
    erasers.add("delivery.receivedmessage", SinkMessages())
    hold(Rows(PushToken, shown=("platform", "token", "registered_at", "gone_at")))
    hold(Rows(Preference, once=(), shown=("frequency", "updated_at")))
    hold(Rows(OptIn, once=("channel", "topic"), once_where="t.confirmed_at IS NULL", shown=(
        "channel", "topic", "source", "requested_at", "confirmed_at",
    )))  # fmt: skip
    hold(Rows(Return, shown=("kind", "bounce_class", "channel", "status", "diagnostic", "occurred_at")))
