"""Who may be written to at this moment. Asked for a whole batch, at send time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from customers.models import Channel, Consent, Customer, Suppression
from delivery.channels import base
from delivery.models import Run, SkipReason


@dataclass(frozen=True, slots=True)
class Eligible:
    """The addresses of those who may be written to, and why the others may not, by customer id."""

    addresses: dict[int, str]
    reasons: dict[int, SkipReason]


def check(run: Run, customer_ids: Iterable[int], channel: base.Channel, *, now: datetime) -> Eligible:
    """Decide for each customer; three queries for a batch of any size.

    Suppression beats everything; then comes the address, then the consent for channel and topic. What
    answers the customer's own doing needs no consent, and by e-mail also reaches those who unsubscribed.
    """
    wanted = set(customer_ids)
    customers = Customer.objects.filter(pk__in=wanted).only("external_id", "email", "phone").in_bulk()
    addresses = channel.addresses(list(customers.values()))
    hashes = {pk: channel.address_hash(address) for pk, address in addresses.items()}
    bans = Suppression.objects.filter(Q(until=None) | Q(until__gt=now), channel=run.channel)
    if run.transactional and run.channel == Channel.EMAIL:
        bans = bans.exclude(reason=Suppression.Reason.UNSUBSCRIBED)
    suppressed = set(
        bans.filter(address_hash__in=set(hashes.values())).values_list("address_hash", flat=True)
    )
    consenting = (
        wanted
        if run.transactional
        else set(
            Consent.objects.filter(
                customer__in=wanted, channel=run.channel, topic=run.topic, granted=True
            ).values_list("customer_id", flat=True)
        )
    )
    reasons: dict[int, SkipReason] = {}
    for pk in wanted:
        if pk not in customers:
            reasons[pk] = SkipReason.ERASED
        elif pk not in addresses:
            reasons[pk] = SkipReason.NO_ADDRESS
        elif hashes[pk] in suppressed:
            reasons[pk] = SkipReason.SUPPRESSED
        elif pk not in consenting:
            reasons[pk] = SkipReason.NO_CONSENT
    return Eligible({pk: a for pk, a in addresses.items() if pk not in reasons}, reasons)
