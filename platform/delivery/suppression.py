"""Suppression by hand: every step is in the audit log, the address in none of them."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from core.encryption import keyed_hash, normalise_email, normalise_phone
from customers.models import Channel, Suppression
from customers.selectors import external_id_hash
from customers.services import suppress


def hashes_of(address: str) -> list[str]:
    """Return the hashes under which something that a person typed may be suppressed in any channel."""
    found = [external_id_hash(address)]
    for kind, normalise in (
        ("email", normalise_email),
        ("phone", lambda value: normalise_phone(value, settings.SHOP_COUNTRY)),
    ):
        try:
            found.append(keyed_hash(kind, normalise(address)))
        except ValueError:
            continue
    return found


def add(channel: str, address: str, *, user: User, now: datetime) -> None:
    """Suppress an address by hand. Raises ValueError with a sentence for one that the channel has not."""
    if channel not in Channel.values:
        raise ValueError(_("Choose a channel."))
    if not address:
        raise ValueError(_("Write an address."))
    if channel == Channel.EMAIL:
        hashed = keyed_hash("email", normalise_email(address))
    elif channel == Channel.SMS:
        hashed = keyed_hash("phone", normalise_phone(address, settings.SHOP_COUNTRY))
    else:
        hashed = external_id_hash(address)
    with transaction.atomic():
        suppress(channel, hashed, Suppression.Reason.MANUAL, now)
        row = Suppression.objects.get(channel=channel, address_hash=hashed)
        audit.record(action="add_suppression", target=row, now=now, user=user, after={"channel": channel})


def lift(row: Suppression, *, reason: str, user: User, now: datetime) -> None:
    """Let an address be written to again. Raises ValueError without a reason, and for the erased."""
    if not reason:
        raise ValueError(_("Write why: it is kept in the audit log."))
    if row.reason == Suppression.Reason.ERASED:
        raise ValueError(_("The person asked to be forgotten. That cannot be lifted."))
    with transaction.atomic():
        before = {"channel": row.channel, "reason": row.reason}
        audit.record(
            action="lift_suppression", target=row, now=now, user=user, before=before, after={"why": reason}
        )
        row.delete()
