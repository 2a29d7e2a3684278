"""Who of an audience can be spoken to, channel by channel.

Has an address of the channel that is not suppressed, and agreed to marketing through it. What else
decides at the moment of sending (quiet hours, caps, a market's own rules) is not asked here.
"""

from datetime import datetime

from customers.models import Channel, Identifier
from segments.query import Query, compose

#: By which identifier a channel reaches somebody; the others by the customer id, which everybody has.
ADDRESSES = {Channel.EMAIL: Identifier.Kind.EMAIL, Channel.SMS: Identifier.Kind.PHONE}
#: A person `c` as one number, which can be gathered in parallel: the id, and which addresses there are.
PERSON = "c.id * 4 + (c.email IS NOT NULL)::int * 2 + (c.phone IS NOT NULL)::int"
#: The people again who were gathered by `judged(people)`.
MATCHED = (
    "SELECT m.person / 4 AS customer_id, m.person & 2 > 0 AS has_email, m.person & 1 > 0 AS has_phone"
    " FROM judged, unnest(judged.people) AS m(person)"
)

# What was said after the moment is looked up in the history; the rest is one pass over the current state.
AGREED = """
SELECT k.customer_id, k.channel FROM customers_consent k
WHERE k.topic = 'marketing' AND k.since <= {as_of} AND k.granted
UNION ALL
SELECT h.customer_id, h.channel FROM (
    SELECT DISTINCT ON (a.customer_id, a.channel) a.customer_id, a.channel, a.granted
    FROM customers_consentevent a
    JOIN customers_consent k ON k.customer_id = a.customer_id AND k.channel = a.channel AND k.topic = a.topic
    WHERE a.topic = 'marketing' AND k.since > {as_of} AND a.occurred_at <= {as_of}
    ORDER BY a.customer_id, a.channel, a.occurred_at DESC, a.granted
) h WHERE h.granted
"""
# How many are matched PostgreSQL cannot know: `+ 0` keeps it from looking up the consents one by one.
_REACHED = """
SELECT g.channel, count(*) AS people FROM ({agreed}) g
JOIN matched m ON m.customer_id = g.customer_id + 0
WHERE CASE g.channel WHEN 'email' THEN m.has_email WHEN 'sms' THEN m.has_phone ELSE true END
  AND (g.customer_id, g.channel) NOT IN (
      SELECT i.customer_id, s.channel FROM customers_suppression s
      JOIN unnest({channels}::text[], {kinds}::text[]) AS w(channel, kind) ON w.channel = s.channel
      JOIN customers_identifier i ON i.kind = w.kind AND i.value_hash = s.address_hash
      WHERE i.customer_id IS NOT NULL AND (s.until IS NULL OR s.until > {as_of})
  )
GROUP BY g.channel
"""


def counts(*, as_of: datetime) -> Query:
    """Return `SELECT channel, people` over `matched(customer_id, has_email, has_phone)` of the statement."""
    return compose(
        _REACHED,
        agreed=compose(AGREED, as_of=as_of),
        channels=[channel.value for channel in Channel],
        kinds=[ADDRESSES.get(channel, Identifier.Kind.EXTERNAL_ID).value for channel in Channel],
        as_of=as_of,
    )
