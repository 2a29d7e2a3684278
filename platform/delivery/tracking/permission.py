"""Whose opens and clicks may be noted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import phonenumbers
from django.conf import settings

from customers.models import Channel, Consent, Customer
from delivery.rules.selectors import own_pixel_rules

#: The consent topic that allows noting opens where the market asks for consent.
TOPIC = "tracking"
ALLOWED, CONSENT = "allowed", "consent"


@dataclass(frozen=True, slots=True)
class Watched:
    """The customers whose opens, and whose clicks, may be noted."""

    opens: set[int]
    clicks: set[int]


def watched(customer_ids: Iterable[int]) -> Watched:
    """Decide for a batch: at most three queries.

    Who wants no profiling is not watched at all. Opens follow the rule of the customer's market
    (`settings.TRACKING_OPENS`): "allowed", "consent" (an explicit consent to the topic "tracking"),
    anything else is never.
    """
    customers = Customer.objects.filter(pk__in=set(customer_ids), no_profiling=False)
    markets = {c.pk: country_of(c) for c in customers.only("country", "phone")}
    own = own_pixel_rules()
    rules = {pk: rule_for(market, own) for pk, market in markets.items()}
    asked = {pk for pk, rule in rules.items() if rule == CONSENT}
    agreed = set()
    if asked:
        consents = Consent.objects.filter(
            customer__in=asked, channel=Channel.EMAIL, topic=TOPIC, granted=True
        )
        agreed = set(consents.values_list("customer_id", flat=True))
    return Watched({pk for pk, rule in rules.items() if rule == ALLOWED} | agreed, set(markets))


def rule_for(market: str, own: Mapping[str, str] | None = None) -> str:
    """Return the rule of a market; `*` stands for those that are not named.

    What the market rules say (`own`, else asked for here) goes before the settings.
    """
    changed = own_pixel_rules() if own is None else own
    rules = settings.TRACKING_OPENS
    shipped = rules.get(market) or changed.get("*") or rules.get("*", CONSENT)
    return str(changed.get(market) or shipped)


def country_of(customer: Customer) -> str:
    """Return the customer's country: as stated, else that of the phone number, else the shop's."""
    if customer.country:
        return customer.country
    if customer.phone:
        try:
            number = phonenumbers.parse(customer.phone, None)
        except phonenumbers.NumberParseException:
            return str(settings.SHOP_COUNTRY)
        return phonenumbers.region_code_for_number(number) or str(settings.SHOP_COUNTRY)
    return str(settings.SHOP_COUNTRY)
