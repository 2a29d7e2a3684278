"""What providers tell later: receipts of messages, and what customers answered.

Everything here may come twice, late or out of order, and then changes nothing.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction

from core.encryption import keyed_hash
from customers.models import Channel, Consent, ConsentEvent, Customer, Identifier, Suppression
from customers.services import ConsentRow, record_consents, suppress
from delivery.channels import channels
from delivery.models import Provider
from delivery.providers.kinds import Feedback, Inbound, Receipt
from delivery.rules.selectors import own_stop_words
from events.models import EventType
from events.services import record

SOURCE = "rapport"
#: Whole answers that end all messages by SMS, whatever their case, width, blanks and full stops. The CTIA's
#: and the Chinese operators' words, and those of the markets of DE and FR.
STOP_WORDS = frozenset(
    (
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out",
        "t", "td", "n", "r", "退订", "退定", "退", "拒收", "拒绝", "取消", "取消订阅",
        "stopp", "abmelden", "abbestellen", "ende", "arret", "arrêt", "desabonner", "désabonner",
    )
)  # fmt: skip

#: Whole answers that take a stop back: the CTIA's words, and ours. Not "yes", which answers too much.
START_WORDS = frozenset(("start", "unstop", "resume", "恢复订阅", "恢復訂閱", "anmelden"))

# A message that arrived after all counts as delivered; one that was delivered stays so.
_RECEIPTS = """
UPDATE delivery_handover h
   SET receipt = r.receipt, error = r.error, receipt_at = %(now)s
  FROM unnest(%(references)s::text[], %(receipts)s::text[], %(errors)s::text[])
       AS r (reference, receipt, error)
 WHERE h.provider_id = %(provider)s AND h.reference = r.reference
   AND (h.receipt = '' OR (h.receipt = 'undelivered' AND r.receipt = 'delivered'))
RETURNING h.reference, h.receipt, h.run_id, h.message_id, h.customer_id
"""


def take(provider: Provider, feedback: Feedback, *, now: datetime) -> int:
    """Store what a provider told and return how much of it was new."""
    with transaction.atomic():
        return _receipts(provider, feedback.receipts, now) + sum(
            _inbound(provider, message, now) for message in feedback.inbound
        )


def is_stop(text: str, own_words: Iterable[str] = ()) -> bool:
    """Say whether an answer asks for an end, by the usual words or by the shop's own."""
    return _plain(text) in STOP_WORDS or _plain(text) in {_plain(word) for word in own_words}


def is_start(text: str) -> bool:
    """Say whether an answer takes an earlier stop back."""
    return _plain(text) in START_WORDS


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().strip(" \t\r\n.!?。！？'\"“”")
    return " ".join(plain.split())


def _receipts(provider: Provider, receipts: Sequence[Receipt], now: datetime) -> int:
    """Write the receipts down, once each; three statements for a call of any size."""
    # UPDATE … FROM would take any of several rows for one message: good news wins.
    last = {r.reference: r for r in sorted(receipts, key=lambda r: r.delivered)}
    rows = sorted(last.values(), key=lambda r: r.reference)
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _RECEIPTS,
            {
                "now": now,
                "provider": provider.pk,
                "references": [r.reference for r in rows],
                "receipts": ["delivered" if r.delivered else "undelivered" for r in rows],
                "errors": [r.error[:200] for r in rows],
            },
        )
        changed = cursor.fetchall()
    record(
        [
            {
                "source": SOURCE,
                "message_id": f"receipt:{provider.pk}:{_short(reference)}:{receipt}",
                "type": EventType.MESSAGE_DELIVERED if receipt == "delivered" else EventType.MESSAGE_BOUNCED,
                "customer_id": customer_id,
                "occurred_at": now,
                "properties": {
                    "run": str(run_id),
                    "message": message_id,
                    "channel": provider.channel,
                    "error": last[reference].error[:200],
                },
            }
            for reference, receipt, run_id, message_id, customer_id in changed
        ],
        now,
    )
    dead = [customer_id for reference, *_, customer_id in changed if last[reference].bounced]
    _suppress(provider.channel, dead, now)
    return len(changed)


def _suppress(channel: str, customer_ids: Sequence[int], now: datetime) -> None:
    """Never write again to the addresses of people whose receipts say that they do not exist."""
    if not customer_ids:
        return
    way = channels.get(channel)
    for address in way.addresses(list(Customer.objects.filter(pk__in=customer_ids))).values():
        suppress(channel, way.address_hash(address), Suppression.Reason.BOUNCED, now)


def _inbound(provider: Provider, message: Inbound, now: datetime) -> int:
    """Heed an answer; return 1 when it said something new.

    A stop word suppresses the number and withdraws every consent to the channel. A start word lifts that
    stop, and no other ban, and gives back what it withdrew.
    """
    stop = is_stop(message.text, own_stop_words())
    if not stop and not is_start(message.text):
        return 0
    address_hash = keyed_hash("phone", message.address)
    owner = (
        Identifier.objects.filter(kind=Identifier.Kind.PHONE, value_hash=address_hash)
        .values_list("customer_id", flat=True)
        .first()
    )
    key = f"inbound:{provider.pk}:{_short(message.id)}"
    at = message.at or now
    if not stop:
        return _started(owner, address_hash, key, at, now) if owner else 0
    new = record(
        [
            {
                "source": SOURCE,
                "message_id": key,
                "type": EventType.UNSUBSCRIBE,
                "customer_id": owner,
                "occurred_at": at,
                "properties": {"channel": provider.channel, "by": "answer"},
            }
        ],
        now,
    ) if owner else 1  # fmt: skip
    if not new:
        return 0
    suppress(provider.channel, address_hash, Suppression.Reason.UNSUBSCRIBED, now)
    if owner:
        topics = Consent.objects.filter(customer=owner, channel=Channel.SMS, granted=True)
        record_consents(
            [
                ConsentRow(
                    customer_id=owner,
                    channel=Channel.SMS,
                    topic=topic,
                    granted=False,
                    source="answer",
                    occurred_at=at,
                    proof={"answer": key},
                )
                for topic in topics.values_list("topic", flat=True)
            ],
            now,
        )
    return 1


def _started(owner: int, address_hash: str, key: str, at: datetime, now: datetime) -> int:
    """Take a stop back, unless the number was stopped after the answer was written."""
    stopped = Suppression.objects.select_for_update().filter(
        channel=Channel.SMS, address_hash=address_hash, reason=Suppression.Reason.UNSUBSCRIBED
    )
    ban = stopped.first()
    if ban is None or ban.created_at > at:
        return 0
    event = {
        "source": SOURCE, "message_id": key, "type": EventType.SUBSCRIBE, "customer_id": owner,
        "occurred_at": at, "properties": {"channel": Channel.SMS, "by": "answer"},
    }  # fmt: skip
    if not record([event], now):
        return 0
    ban.delete()
    latest = (
        ConsentEvent.objects.filter(customer=owner, channel=Channel.SMS)
        .order_by("topic", "-occurred_at", "granted")
        .distinct("topic")
    )
    record_consents(
        [
            ConsentRow(
                customer_id=owner,
                channel=Channel.SMS,
                topic=last.topic,
                granted=True,
                source="answer",
                occurred_at=at,
                proof={"answer": key},
            )
            for last in latest
            if not last.granted and last.source == "answer"
        ],
        now,
    )
    return 1


def _short(key: str) -> str:
    """Return an id that fits into an event's, whatever the provider's looks like."""
    return key if len(key) <= 100 and key.isprintable() else hashlib.sha256(key.encode()).hexdigest()
