"""Withdrawal of consent by the link in a message."""

from datetime import datetime

from django.db import transaction

from customers.models import Consent, Customer
from customers.services import ConsentRow, record_consents
from delivery.identity import InvalidToken, read_token
from delivery.models import Message
from events.models import EventType
from events.services import record


def find_message(token: str) -> Message:
    """Return the message a link belongs to. Raises InvalidToken, also for a message that is gone."""
    run_id, key = read_token(token)
    message = Message.objects.select_related("run").filter(run=run_id, pk=key).first()
    if message is None:
        raise InvalidToken
    return message


def unsubscribe_recipient(message: Message, *, now: datetime) -> bool:
    """Withdraw the recipient's consent for the message's channel and topic. Return whether it was given.

    What is still queued is left out when its turn comes. Once withdrawn, a repeat writes nothing.
    """
    run = message.run
    if not Customer.objects.filter(pk=message.customer_id).exists():
        return False  # erased: nobody is written to any more
    with transaction.atomic():
        # Locked, so that two clicks at once are one withdrawal.
        consent = (
            Consent.objects.select_for_update()
            .filter(customer=message.customer_id, channel=message.channel, topic=run.topic)
            .first()
        )
        if consent is not None and not consent.granted:
            return False
        proof = {"run": str(run.id), "message": message.id}
        record_consents(
            [
                ConsentRow(
                    customer_id=message.customer_id,
                    channel=message.channel,
                    topic=run.topic,
                    granted=False,
                    source="unsubscribe link",
                    occurred_at=now,
                    proof=proof,
                )
            ],
            now,
        )
        record(
            [
                {
                    "source": "rapport",
                    "message_id": f"unsubscribe:{run.id}:{message.id}:{now.timestamp():.6f}",
                    "type": EventType.UNSUBSCRIBE,
                    "customer_id": message.customer_id,
                    "occurred_at": now,
                    "properties": {"source": run.source, "reference": run.reference, "topic": run.topic}
                    | proof,
                }
            ],
            now,
        )
    return True
