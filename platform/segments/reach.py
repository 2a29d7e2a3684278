"""Who of an audience can be spoken to, channel by channel.

Has an address of the channel that is not suppressed, and agreed to marketing through it. What else
decides at the moment of sending (quiet hours, caps, a market's own rules) is not asked here.
"""

from datetime import datetime

from customers.models import Channel, Identifier
from segments.query import Query, compose, join

#: By which identifier a channel reaches somebody; the others by the customer id, which everybody has.
ADDRESSES = {Channel.EMAIL: Identifier.Kind.EMAIL, Channel.SMS: Identifier.Kind.PHONE}
_HAS = {Channel.EMAIL: "c.email IS NOT NULL", Channel.SMS: "c.phone IS NOT NULL"}

# One pass over the consents; what was said after the moment is looked up in the history.
_AGREED = """
SELECT k.customer_id, k.channel FROM customers_consent k
JOIN matched ON matched.customer_id = k.customer_id
WHERE k.topic = 'marketing' AND CASE WHEN k.since <= {as_of} THEN k.granted ELSE (
    SELECT a.granted FROM customers_consentevent a
    WHERE a.customer_id = k.customer_id AND a.channel = k.channel AND a.topic = 'marketing'
      AND a.occurred_at <= {as_of}
    ORDER BY a.occurred_at DESC, a.granted LIMIT 1
) END
"""
_BANNED = """
NOT EXISTS (
    SELECT FROM customers_suppression s JOIN customers_identifier i ON i.value_hash = s.address_hash
    WHERE s.channel = {channel} AND i.kind = {kind} AND i.customer_id = c.id
      AND (s.until IS NULL OR s.until > {as_of})
)
"""


def counts(*, as_of: datetime) -> Query:
    """Return `SELECT channel, count` over the people in `matched`, a table of the same statement."""
    cases = [
        compose(
            "WHEN g.channel = {channel} THEN {has} AND {allowed}",
            channel=channel.value,
            has=Query(_HAS.get(channel, "true"), []),
            allowed=compose(
                _BANNED,
                channel=channel.value,
                kind=ADDRESSES.get(channel, Identifier.Kind.EXTERNAL_ID).value,
                as_of=as_of,
            ),
        )
        for channel in Channel
    ]
    return compose(
        "SELECT g.channel, count(*) AS people FROM ({agreed}) g JOIN customers_customer c ON c.id = g.customer_id"
        " WHERE CASE {cases} END GROUP BY g.channel",
        agreed=compose(_AGREED, as_of=as_of),
        cases=join(" ", cases),
    )
