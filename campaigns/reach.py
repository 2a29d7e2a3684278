"""How many people of an audience can be written to, and why the others cannot."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from campaigns.audience import Query
from customers.models import Channel, Identifier
from delivery.eligibility.consent import PROVEN
from delivery.rules.selectors import rules_for
from delivery.rules.shipped import REST

# By which identifier a channel's addresses are suppressed, and who has none.
_KINDS = {Channel.EMAIL: Identifier.Kind.EMAIL, Channel.SMS: Identifier.Kind.PHONE}
_NO_ADDRESS = {
    Channel.EMAIL: "coalesce(customer.email, '') = ''",
    Channel.SMS: "coalesce(customer.phone, '') = ''",
    Channel.PUSH: "NOT EXISTS (SELECT FROM delivery_pushtoken t"
    " WHERE t.customer_id = customer.id AND t.gone_at IS NULL)",
}
# Everybody of an audience, and the first reason why somebody is not written to.
PEOPLE = """
WITH asked (channel, kind, topic, now, home, otherwise) AS (
    SELECT %s::text, %s::text, %s::text, %s::timestamptz, %s::text, %s::text
), basis (market, needs) AS (
    SELECT * FROM unnest(%s::text[], %s::text[])
), person AS (
    SELECT customer.id, customer.time_zone, customer.country,
           asked.channel, asked.topic, coalesce(basis.needs, asked.otherwise) AS needs,
           {no_address} AS no_address,
           EXISTS (
               SELECT FROM customers_identifier i
               JOIN customers_suppression s ON s.address_hash = i.value_hash AND s.channel = asked.channel
               WHERE i.customer_id = customer.id AND i.kind = asked.kind
                 AND (s.until IS NULL OR s.until > asked.now)
           ) AS suppressed,
           consent.granted
    FROM asked CROSS JOIN ({members}) AS audience
    JOIN customers_customer AS customer ON customer.id = audience.customer_id
    LEFT JOIN customers_consent AS consent ON consent.customer_id = customer.id
     AND consent.channel = asked.channel AND consent.topic = asked.topic
    LEFT JOIN basis ON basis.market = coalesce(nullif(customer.country, ''), asked.home)
), decided AS (
    SELECT id, time_zone, country, no_address, suppressed AND NOT no_address AS suppressed,
           CASE WHEN no_address OR suppressed THEN ''
                WHEN granted AND needs = 'double_opt_in' AND NOT EXISTS (
                    SELECT FROM customers_consentevent e
                    WHERE e.customer_id = person.id AND e.channel = person.channel
                      AND e.topic = person.topic AND {proven}
                ) THEN 'not_confirmed'
                WHEN granted THEN ''
                WHEN granted IS NULL AND needs = 'opt_out' THEN ''
                WHEN granted IS NULL AND needs = 'soft_opt_in' AND EXISTS (
                    SELECT FROM events_event e WHERE e.customer_id = person.id AND e.type = 'purchase'
                ) THEN ''
                ELSE 'no_consent' END AS consent
    FROM person
)"""
_COUNT = """
SELECT count(*),
       count(*) FILTER (WHERE no_address),
       count(*) FILTER (WHERE suppressed),
       count(*) FILTER (WHERE consent = 'no_consent'),
       count(*) FILTER (WHERE consent = 'not_confirmed')
FROM decided
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """An audience and who drops out of it. Held out is what the share would come to.

    Not confirmed are those who agreed, where the market's rule asks for the proof of a double opt-in.
    """

    audience: int
    no_address: int
    suppressed: int
    no_consent: int
    held_out: int
    not_confirmed: int = 0
    #: By what was sent up to now; those who had enough of it by the shop's caps, or by their own wish.
    capped: int = 0
    less_often: int = 0

    @classmethod
    def nobody(cls) -> "Reach":
        """Return the reach of a campaign that sends nothing."""
        return cls(0, 0, 0, 0, 0)

    @property
    def would_get(self) -> int:
        """Return about how many would be written to."""
        return self.reachable - self.capped - self.less_often - self.held_out

    @property
    def reachable(self) -> int:
        """Return how many may be written to at all."""
        return self.audience - self.no_address - self.suppressed - self.no_consent - self.not_confirmed


def measure(
    members: Query,
    *,
    holdout_share: float,
    now: datetime,
    channel: str = Channel.EMAIL,
    topic: str = "marketing",
) -> Reach:
    """Count by the rules that delivery applies again at the moment of sending. Three queries.

    A customer without a country is counted by the shop's; sending also looks at the phone number's, which
    is encrypted here.
    """
    sql, values = people(members, now=now, channel=channel, topic=topic)
    with connection.cursor() as cursor:
        cursor.execute(sql + _COUNT, values)
        audience, without, suppressed, no_consent, not_confirmed = cursor.fetchone()
    reachable = audience - without - suppressed - no_consent - not_confirmed
    return Reach(audience, without, suppressed, no_consent, round(reachable * holdout_share), not_confirmed)


def people(members: Query, *, now: datetime, channel: str, topic: str) -> Query:
    """Return the beginning of a statement: `decided`, with the first reason against each of an audience."""
    sql, params = members
    bases = rules_for(channel, topic).bases()
    values = [
        channel, _KINDS.get(Channel(channel), Identifier.Kind.EXTERNAL_ID), topic, now,
        settings.SHOP_COUNTRY, bases[REST], list(bases), list(bases.values()), *params,
    ]  # fmt: skip
    no_address = _NO_ADDRESS.get(Channel(channel), "false")
    return PEOPLE.format(members=sql, no_address=no_address, proven=PROVEN), values
