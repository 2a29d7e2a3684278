"""Letting a new sending domain be known little by little."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from core import clock
from delivery.deliverability.domain import sender_domain
from delivery.rules.models import WarmUp
from delivery.schedule.moments import at_local

_FIRST = """
INSERT INTO delivery_warmupday (domain, day, used) VALUES (%(domain)s, %(day)s, 0) ON CONFLICT DO NOTHING
"""
# Whoever comes waits for the row, then takes what is left of the day and no more.
_USED = "SELECT used FROM delivery_warmupday WHERE domain = %(domain)s AND day = %(day)s FOR UPDATE"
_TAKE = "UPDATE delivery_warmupday SET used = used + %(granted)s WHERE domain = %(domain)s AND day = %(day)s"
_GIVE_BACK = """
UPDATE delivery_warmupday SET used = GREATEST(0, used - %(count)s)
 WHERE domain = %(domain)s AND day = %(day)s
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """How many of those asked for may go today; the others wait until `next_at`."""

    domain: str
    day: date
    granted: int
    next_at: datetime


def take(wanted: int, *, now: datetime) -> Grant | None:
    """Take places on today's step of the sender's ladder; None when its domain is not being warmed up.

    The day is the shop's. What has no place goes on the next day at the same hour. One query, four while
    a ladder stands.
    """
    domain = sender_domain()
    warm_up = WarmUp.objects.filter(domain=domain, is_active=True).first()
    local = now.astimezone(clock.shop_zone())
    most = warm_up.limit_on(local.date()) if warm_up else None
    if most is None:
        return None
    params = {"domain": domain, "day": local.date()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIRST, params)
        cursor.execute(_USED, params)
        granted = min(wanted, max(0, most - cursor.fetchone()[0]))
        cursor.execute(_TAKE, params | {"granted": granted})
    next_at = at_local(local.date() + timedelta(days=1), local.time().replace(fold=0), clock.shop_zone())
    return Grant(domain, local.date(), granted, next_at)


def give_back(grant: Grant, count: int) -> None:
    """Return places that were not used after all."""
    if count:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"domain": grant.domain, "day": grant.day, "count": count})
