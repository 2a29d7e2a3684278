"""The decision for a batch: may be written to, not at all, or not yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from customers.models import Channel, Customer, Suppression
from delivery.channels import base
from delivery.eligibility.consent import refused
from delivery.models import Run, SkipReason
from delivery.rules.selectors import Rules, rules_for
from delivery.rules.shipped import Rule
from delivery.schedule.moments import next_allowed
from delivery.schedule.zones import zone_of
from delivery.tracking.permission import country_of


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when somebody is not written to, and why; a matter of pace has no reason."""

    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Eligible:
    """The addresses of those who may be written to, and why the others may not, by customer id.

    Those in `waits` may be later. `hashes` are the keyed hashes of all addresses. `rules` are the rules of
    each one's market; there are none for what answers the customer's own doing.
    """

    addresses: dict[int, str]
    reasons: dict[int, SkipReason]
    waits: dict[int, Wait] = field(default_factory=dict)
    rules: dict[int, Rule] = field(default_factory=dict)
    hashes: dict[int, str] = field(default_factory=dict)


def check(run: Run, customer_ids: Iterable[int], channel: base.Channel, *, now: datetime) -> Eligible:
    """Decide for each customer; at most seven queries for a batch of any size.

    Suppression beats everything; then comes the address, then what the customer's market asks for: its
    basis of consent for channel and topic, and its quiet hours by the customer's own clock, which make wait
    and do not leave out. What answers the customer's own doing needs none of these, and by e-mail also
    reaches those who unsubscribed.
    """
    wanted = set(customer_ids)
    columns = ("external_id", "email", "phone", "country", "time_zone")
    customers = Customer.objects.filter(pk__in=wanted).only(*columns).in_bulk()
    addresses = channel.addresses(list(customers.values()))
    hashes = {pk: channel.address_hash(address) for pk, address in addresses.items()}
    bans = Suppression.objects.filter(Q(until=None) | Q(until__gt=now), channel=run.channel)
    if run.transactional and run.channel == Channel.EMAIL:
        bans = bans.exclude(reason=Suppression.Reason.UNSUBSCRIBED)
    suppressed = set(
        bans.filter(address_hash__in=set(hashes.values())).values_list("address_hash", flat=True)
    )
    reasons: dict[int, SkipReason] = {}
    for pk in wanted:
        if pk not in customers:
            reasons[pk] = SkipReason.ERASED
        elif pk not in addresses:
            reasons[pk] = SkipReason.NO_ADDRESS
        elif hashes[pk] in suppressed:
            reasons[pk] = SkipReason.SUPPRESSED
    rules: dict[int, Rule] = {}
    waits: dict[int, Wait] = {}
    if not run.transactional:
        reached = [c for pk, c in customers.items() if pk not in reasons]
        holding = rules_for(run.channel, run.topic)
        markets = {c.pk: country_of(c) for c in reached}
        rules = {pk: holding.of(market) for pk, market in markets.items()}
        reasons |= refused(run, {pk: rule.consent for pk, rule in rules.items()})
        waits = _waits(holding, [c for c in reached if c.pk not in reasons], markets, now)
    kept = {pk: a for pk, a in addresses.items() if pk not in reasons and pk not in waits}
    return Eligible(kept, reasons, waits, rules, hashes)


def _waits(
    rules: Rules, customers: Iterable[Customer], markets: dict[int, str], now: datetime
) -> dict[int, Wait]:
    """Return for whom it is a quiet hour. Each place is computed once, however many live there."""
    until: dict[tuple[str, str, str], datetime] = {}
    waits = {}
    for customer in customers:
        market = markets[customer.pk]
        place = (customer.time_zone, customer.country, market)
        if place not in until:
            zone = zone_of(customer.time_zone, customer.country or market)
            until[place] = next_allowed(now, rules.windows(market), zone, market)
        if until[place] > now:
            waits[customer.pk] = Wait(until[place], SkipReason.QUIET_HOURS)
    return waits
