"""The decision for a batch: may be written to, not at all, or not yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from customers.models import Channel, Customer, Suppression
from delivery.channels import base
from delivery.eligibility.consent import refused
from delivery.models import Run, SkipReason
from delivery.rules.models import OnHolidays
from delivery.rules.selectors import Rules, Window, rules_for
from delivery.rules.shipped import Rule
from delivery.schedule.moments import is_holiday, next_allowed, next_working_moment
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
    and do not leave out; public holidays do what the run says. What answers the customer's own doing needs
    none of these, and by e-mail also reaches those who unsubscribed.
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
        hours = _hours(run, holding, [c for c in reached if c.pk not in reasons], markets, now)
        for pk, hour in hours.items():
            if isinstance(hour, Wait):
                waits[pk] = hour
            else:
                reasons[pk] = hour
    kept = {pk: a for pk, a in addresses.items() if pk not in reasons and pk not in waits}
    return Eligible(kept, reasons, waits, rules, hashes)


def _hours(
    run: Run, rules: Rules, customers: Iterable[Customer], markets: dict[int, str], now: datetime
) -> dict[int, Wait | SkipReason]:
    """Return for whom it is not the hour. Each place is computed once, however many live there."""
    found: dict[tuple[str, str, str], Wait | SkipReason | None] = {}
    hours = {}
    for customer in customers:
        market = markets[customer.pk]
        place = (customer.time_zone, customer.country, market)
        if place not in found:
            zone = zone_of(customer.time_zone, customer.country or market)
            found[place] = _hour(run, rules.windows(market), zone, market, now)
        if hour := found[place]:
            hours[customer.pk] = hour
    return hours


def _hour(
    run: Run, windows: Sequence[Window], zone: ZoneInfo, market: str, now: datetime
) -> Wait | SkipReason | None:
    """Return why it is not the hour at a place, None when it is."""
    holiday = run.holidays != OnHolidays.SEND and is_holiday(now.astimezone(zone).date(), market)
    if holiday and run.holidays == OnHolidays.LEAVE_OUT:
        return SkipReason.HOLIDAY
    working = next_working_moment if run.holidays == OnHolidays.WAIT else next_allowed
    until = working(now, windows, zone, market)
    if until <= now:
        return None
    return Wait(until, SkipReason.AFTER_HOLIDAY if holiday else SkipReason.QUIET_HOURS)
