"""Whose opens and clicks may be noted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

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
    markets = {
        pk: _country(country, phone) for pk, country, phone in customers.values_list("pk", "country", "phone")
    }
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
    return _country(customer.country, customer.phone)


def _country(stated: str, phone: str | None) -> str:
    return stated or (_country_of_number(phone) if phone else "") or str(settings.SHOP_COUNTRY)


@lru_cache(maxsize=1024)  # a batch is asked about twice: its markets' rules, and who may be watched
def _country_of_number(phone: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone, None)) or ""
    except phonenumbers.NumberParseException:
        return ""
