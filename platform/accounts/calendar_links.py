"""Secret addresses for other calendars: one a person, made and taken back by themselves."""

from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import CalendarLink, User
from core.encryption import keyed_hash

#: How exactly it is kept when a calendar read last: programs ask every few minutes.
_READ_EVERY = timedelta(hours=1)


def token_of(link: CalendarLink) -> str:
    """Return the secret part of the address: the link's id and 128 bits that only this shop's key makes."""
    return link.id.hex + keyed_hash("calendar-link", link.id.hex)[:32]


def link_by(token: str) -> CalendarLink | None:
    """Return the link of an address, of who may still sign in. At most one query."""
    name, given = token[:32], token[32:]
    if not (len(token) == 64 and token.isascii()):
        return None
    if not compare_digest(given, keyed_hash("calendar-link", name)[:32]):
        return None
    links = CalendarLink.objects.select_related("user")
    return links.filter(pk=UUID(name), user__is_active=True, user__is_staff=True).first()


@transaction.atomic
def make_link(user: User, *, now: datetime) -> CalendarLink:
    """Make a new address; the one before is void."""
    CalendarLink.objects.filter(user=user).delete()
    link = CalendarLink.objects.create(user=user, created_at=now)
    audit.record(action="make_calendar_link", target=user, now=now, user=user)
    return link


@transaction.atomic
def void_link(user: User, *, now: datetime) -> bool:
    """Take the address back and say whether there was one."""
    there = bool(CalendarLink.objects.filter(user=user).delete()[0])
    if there:
        audit.record(action="void_calendar_link", target=user, now=now, user=user)
    return there


def note_reading(link: CalendarLink, *, now: datetime) -> None:
    """Keep when it was read, to the hour."""
    if link.read_at is None or now - link.read_at > _READ_EVERY:
        CalendarLink.objects.filter(pk=link.pk).update(read_at=now)
