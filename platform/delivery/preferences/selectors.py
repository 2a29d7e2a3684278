"""What a customer may choose, and what was chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from customers.models import Channel, Consent, Customer
from delivery.models import Message, MessageState
from delivery.preferences.models import Frequency, Preference
from delivery.tracking.permission import TOPIC as TRACKING

#: The topic of what answers the customer's own doing; nobody subscribes to it.
SERVICE = "transactional"
_PAUSES = {Frequency.WEEKLY: timedelta(days=7), Frequency.MONTHLY: timedelta(days=30)}


@dataclass(frozen=True, slots=True)
class Choice:
    """One box to tick."""

    channel: str
    topic: str
    label: str
    granted: bool

    @property
    def key(self) -> str:
        """Return the form's value."""
        return f"{self.channel}:{self.topic}"


@dataclass(frozen=True, slots=True)
class TopicChoices:
    """A topic with a box for each channel."""

    label: Any
    choices: list[Choice]


def topics(customer: Customer) -> list[TopicChoices]:
    """Return the topics on offer with their boxes: the shop's, and those that the customer knows already.

    A channel is offered when the customer has an address for it, or agreed to it before. One query.
    """
    state = {(c.channel, c.topic): c.granted for c in Consent.objects.filter(customer=customer)}
    known = {channel for channel, _ in state}
    has = {Channel.EMAIL: bool(customer.email), Channel.SMS: bool(customer.phone)}
    channels = [c for c in Channel if has.get(c, False) or c.value in known]
    keys = {
        **settings.MESSAGE_TOPICS,
        **{t: readable(t) for _, t in sorted(state) if t not in settings.MESSAGE_TOPICS},
    }
    return [
        TopicChoices(
            label, [Choice(c.value, key, str(c.label), state.get((c.value, key), False)) for c in channels]
        )
        for key, label in keys.items()
        if key not in (TRACKING, SERVICE)
    ]


def topics_on_offer() -> dict[str, Any]:
    """Return what a message may be about, with its words: the shop's topics, and those somebody agreed to.

    One pass over the consents, 0.1 s for a million: for forms, not for sending.
    """
    known = Consent.objects.exclude(topic__in=(TRACKING, SERVICE)).values_list("topic", flat=True).distinct()
    own: dict[str, Any] = settings.MESSAGE_TOPICS
    return own | {topic: readable(topic) for topic in sorted(set(known) - set(own))}


def topic_choices(own: str) -> list[tuple[str, Any]]:
    """Return the topics for a form to choose from; one that is chosen already stays on offer."""
    known = topics_on_offer()
    return list((known | ({own: known.get(own, readable(own))} if own else {})).items())


def may_track(customer: Customer) -> bool:
    """Say whether the customer agreed to opens being noted."""
    return Consent.objects.filter(
        customer=customer, channel=Channel.EMAIL, topic=TRACKING, granted=True
    ).exists()


def frequency_of(customer: Customer) -> Frequency:
    """Return how often a customer wants to hear from the shop at most."""
    found = Preference.objects.filter(customer=customer).values_list("frequency", flat=True).first()
    return Frequency(found) if found else Frequency.ANY


def wishes(customer_ids: Iterable[int]) -> dict[int, timedelta]:
    """Return the pause between two messages that customers asked for, of those who did. One query."""
    asked = Preference.objects.filter(customer__in=set(customer_ids)).exclude(frequency=Frequency.ANY)
    return {pk: _PAUSES[Frequency(wish)] for pk, wish in asked.values_list("customer_id", "frequency")}


def too_soon(customer_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Return those who asked for fewer messages and had one lately. Two queries for a batch.

    What answers a customer's own doing does not count.
    """
    pauses = wishes(customer_ids)
    if not pauses:
        return set()
    rows = Message.objects.filter(
        customer__in=pauses,
        state=MessageState.SENT,
        sent_at__gt=now - max(_PAUSES.values()),
        run__transactional=False,
    ).values_list("customer_id", "sent_at")
    return {pk for pk, sent_at in rows if sent_at is not None and sent_at > now - pauses[pk]}


def topic_name(topic: str) -> str:
    """Return what a message is about, in the words of the shop where it has some."""
    return str(settings.MESSAGE_TOPICS.get(topic) or readable(topic))


def readable(topic: str) -> str:
    """Return a topic's key as words."""
    return topic.replace("_", " ").replace("-", " ").capitalize()
