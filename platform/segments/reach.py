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

# The current state where it is old enough.
_NOW = """
SELECT k.customer_id, k.channel FROM customers_consent k
WHERE k.topic = 'marketing' AND k.since <= {as_of} AND k.granted
"""
# What was said after the moment is looked up in the history.
_EARLIER = """
SELECT h.customer_id, h.channel FROM (
    SELECT DISTINCT ON (a.customer_id, a.channel) a.customer_id, a.channel, a.granted
    FROM customers_consentevent a
    JOIN customers_consent k ON k.customer_id = a.customer_id AND k.channel = a.channel AND k.topic = a.topic
    WHERE a.topic = 'marketing' AND k.since > {as_of} AND a.occurred_at <= {as_of}
    ORDER BY a.customer_id, a.channel, a.occurred_at DESC, a.granted
) h WHERE h.granted
"""
# The array of who was matched goes to every worker, which holds its part of the consents against it: nothing
# but counts comes back. How many are matched PostgreSQL cannot know: `+ 0` keeps it from looking up the
# consents one by one. Who is suppressed is asked of the person, hence only of those matched.
_REACHED = """
SELECT g.channel, count(*) AS people FROM ({agreed}) g
JOIN unnest((SELECT people FROM judged)) AS m(person) ON m.person / 4 = g.customer_id + 0
WHERE CASE g.channel WHEN 'email' THEN m.person & 2 > 0 WHEN 'sms' THEN m.person & 1 > 0 ELSE true END
  AND (m.person / 4, g.channel) NOT IN (
      SELECT i.customer_id, s.channel FROM customers_suppression s
      JOIN unnest({channels}::text[], {kinds}::text[]) AS w(channel, kind) ON w.channel = s.channel
      JOIN customers_identifier i ON i.kind = w.kind AND i.value_hash = s.address_hash
      WHERE i.customer_id IS NOT NULL AND (s.until IS NULL OR s.until > {as_of})
  )
GROUP BY g.channel
"""
_COUNTS = "SELECT channel, sum(people) AS people FROM ({now} UNION ALL {earlier}) r GROUP BY channel"


def counts(*, as_of: datetime) -> Query:
    """Return `SELECT channel, people` over those gathered by `judged(people)` of the statement."""
    reached = {
        name: compose(
            _REACHED,
            agreed=compose(agreed, as_of=as_of),
            channels=[channel.value for channel in Channel],
            kinds=[ADDRESSES.get(channel, Identifier.Kind.EXTERNAL_ID).value for channel in Channel],
            as_of=as_of,
        )
        for name, agreed in (("now", _NOW), ("earlier", _EARLIER))
    }
    return compose(_COUNTS, **reached)
