"""How many people of an audience can be written to, and why the others cannot."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from campaigns.audience import Query
from customers.models import Channel

_COUNT = """
WITH person AS (
    SELECT customer.id,
           customer.email IS NULL OR customer.email = '' AS no_address,
           EXISTS (
               SELECT FROM customers_identifier i
               JOIN customers_suppression s ON s.address_hash = i.value_hash AND s.channel = %s
               WHERE i.customer_id = customer.id AND i.kind = 'email' AND (s.until IS NULL OR s.until > %s)
           ) AS suppressed,
           EXISTS (
               SELECT FROM customers_consent c
               WHERE c.customer_id = customer.id AND c.channel = %s AND c.topic = %s AND c.granted
           ) AS consenting
    FROM ({members}) AS audience JOIN customers_customer AS customer ON customer.id = audience.customer_id
)
SELECT count(*),
       count(*) FILTER (WHERE no_address),
       count(*) FILTER (WHERE suppressed AND NOT no_address),
       count(*) FILTER (WHERE NOT consenting AND NOT suppressed AND NOT no_address)
FROM person
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """An audience and who drops out of it. Held out is what the share would come to."""

    audience: int
    no_address: int
    suppressed: int
    no_consent: int
    held_out: int

    @classmethod
    def nobody(cls) -> "Reach":
        """Return the reach of a campaign that sends nothing."""
        return cls(0, 0, 0, 0, 0)

    @property
    def would_get(self) -> int:
        """Return about how many would be written to."""
        return self.audience - self.no_address - self.suppressed - self.no_consent - self.held_out


def measure(members: Query, *, holdout_share: float, now: datetime, topic: str = "marketing") -> Reach:
    """Count by the rules that delivery applies again at the moment of sending. One query."""
    sql, params = members
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(members=sql), [Channel.EMAIL, now, Channel.EMAIL, topic, *params])
        audience, no_address, suppressed, no_consent = cursor.fetchone()
    reachable = audience - no_address - suppressed - no_consent
    return Reach(audience, no_address, suppressed, no_consent, round(reachable * holdout_share))
