"""What pages say of learned hours: how many people have one of their own, and what one person's rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min

from campaigns.schedule.learned import Standing, standing
from campaigns.schedule.models import PersonHour
from customers.models import Customer
from delivery.models import Message, MessageState

Query = tuple[str, Sequence[Any]]

_BY_HOUR = """
SELECT CASE WHEN c.no_profiling THEN NULL ELSE coalesce(p.hour, %s) END AS hour, count(*)
  FROM ({audience}) a
  JOIN customers_customer c ON c.id = a.customer_id
  LEFT JOIN campaigns_personhour p ON p.customer_id = a.customer_id
 GROUP BY 1
"""
_OWN = """
SELECT count(*) FILTER (WHERE NOT c.no_profiling AND p.acts + p.sent > 0),
       count(*) FILTER (WHERE NOT c.no_profiling AND coalesce(p.acts + p.sent, 0) = 0),
       count(*) FILTER (WHERE c.no_profiling)
  FROM ({audience}) a
  JOIN customers_customer c ON c.id = a.customer_id
  LEFT JOIN campaigns_personhour p ON p.customer_id = a.customer_id
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Of how many people the hour is known from what they did themselves, and of how many it is not.

    `alike` get the hour of people like them, `refused` the usual time. `used` is whether learned hours are.
    """

    own: int
    alike: int
    refused: int
    used: bool

    @property
    def people(self) -> int:
        """Return how many there are together."""
        return self.own + self.alike + self.refused


@dataclass(frozen=True, slots=True)
class OwnHour:
    """One person's hour: the clicks expected then with their 95 % range, what is theirs, and its use so far.

    `gone` is how many messages went at it, `since` when the first of these did.
    """

    row: PersonHour
    standing: Standing
    gone: int
    since: datetime | None

    @property
    def until(self) -> int:
        """Return the hour at which it is over."""
        return (self.row.hour + 1) % 24

    @property
    def own(self) -> bool:
        """Say whether anything of it is the person's own, and not only of people like them."""
        return self.row.acts + self.row.sent > 0


def people_by_hour(audience: Query) -> dict[int | None, int]:
    """Count an audience (a SELECT of `customer_id`) by learned hour; None are those who have none. 0.1 s."""
    sql, params = audience
    with connection.cursor() as cursor:
        cursor.execute(_BY_HOUR.format(audience=sql), [standing().hour, *params])
        return dict(cursor.fetchall())


def known_of(audience: Query) -> Known:
    """Count of an audience (a SELECT of `customer_id`) who has an hour of their own. Two queries, 0.1 s."""
    sql, params = audience
    with connection.cursor() as cursor:
        cursor.execute(_OWN.format(audience=sql), list(params))
        own, alike, refused = cursor.fetchone()
    return Known(own, alike, refused, standing().use)


def hour_of(customer: Customer) -> OwnHour | None:
    """Return a person's learned hour and its use; None for who refused, or before the first night.

    Three queries.
    """
    row = None if customer.no_profiling else PersonHour.objects.filter(pk=customer.pk).first()
    if row is None:
        return None
    told = Message.objects.filter(
        customer=customer, state=MessageState.SENT, context__hour__arm="learned"
    ).aggregate(gone=Count("pk"), since=Min("sent_at"))
    return OwnHour(row, standing(), told["gone"], told["since"])
