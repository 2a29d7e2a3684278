"""Writing down what a customer chose."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from customers.consent import ConsentRow, record_consents
from customers.models import Channel, Consent, Customer
from delivery.models import Message
from delivery.preferences.models import Frequency, Preference
from delivery.preferences.selectors import may_track, topics
from delivery.tracking.permission import TOPIC as TRACKING
from events.models import EventType
from events.services import record

SOURCE = "preference centre"


@transaction.atomic
def save_choices(
    message: Message,
    customer: Customer,
    *,
    chosen: Iterable[str],
    frequency: str,
    language: str,
    tracking: bool,
    now: datetime,
) -> bool:
    """Store what the holder of a message's link chose; return whether anything changed.

    `chosen` are the ticked boxes as `channel:topic`; those on offer that are not in it are withdrawn,
    others are ignored. Only differences are written, each with the message as its proof.
    """
    # Two posts at once follow one another.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    wanted = set(chosen)
    differences = [
        (choice.channel, choice.topic, choice.key in wanted)
        for topic in topics(customer)
        for choice in topic.choices
        if (choice.key in wanted) != choice.granted
    ]
    if tracking != may_track(customer):
        differences.append((Channel.EMAIL.value, TRACKING, tracking))
    changed = [f"{channel}:{topic}" for channel, topic, _ in differences]
    _consents(message, differences, now)
    if frequency in Frequency.values:
        before = Preference.objects.filter(customer=customer).values_list("frequency", flat=True).first()
        if frequency != (before or Frequency.ANY):
            Preference.objects.update_or_create(
                customer=customer, defaults={"frequency": frequency, "updated_at": now}
            )
            changed.append("frequency")
    if language and language != customer.locale:
        Customer.objects.filter(pk=customer.pk).update(locale=language, updated_at=now)
        changed.append("language")
    _note(message, changed, now)
    return bool(changed)


@transaction.atomic
def withdraw_everything(message: Message, customer: Customer, *, now: datetime) -> bool:
    """Withdraw every consent of a customer; return whether there was one."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    given = Consent.objects.filter(customer=customer, granted=True).values_list("channel", "topic")
    differences = [(channel, topic, False) for channel, topic in given]
    _consents(message, differences, now)
    _note(message, ["everything"] if differences else [], now)
    return bool(differences)


def _consents(message: Message, differences: Iterable[tuple[str, str, bool]], now: datetime) -> None:
    record_consents(
        [
            ConsentRow(
                customer_id=message.customer_id,
                channel=channel,
                topic=topic,
                granted=granted,
                source=SOURCE,
                occurred_at=now,
                proof={"run": str(message.run_id), "message": message.pk},
            )
            for channel, topic, granted in differences
        ],
        now,
    )


def _note(message: Message, changed: list[str], now: datetime) -> None:
    if changed:
        record(
            [
                {
                    "source": "rapport",
                    "message_id": f"preferences:{message.run_id}:{message.pk}:{now.timestamp():.6f}",
                    "type": EventType.PREFERENCES_CHANGED,
                    "customer_id": message.customer_id,
                    "occurred_at": now,
                    "properties": {"run": str(message.run_id), "message": message.pk, "changed": changed},
                }
            ],
            now,
        )
