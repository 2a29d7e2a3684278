"""A message to try a provider: it leaves no trace in figures, limits or the log."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from core.encryption import normalise_email, normalise_phone
from customers.models import Channel
from customers.selectors import by_external_id
from delivery.channels.base import Outcome, Outgoing
from delivery.models import Provider
from delivery.providers.kinds import kinds
from delivery.sources import Rendered


def try_provider(provider: Provider, to: str, *, key: UUID, now: datetime) -> Outcome:
    """Send a test message to an address of one's own and return what the provider answered.

    Raises ValueError with a sentence for an address that the channel has not, and in the demo.
    """
    if settings.IS_DEMO:
        raise ValueError(_("In the demo nothing leaves this machine, tests included."))
    address, customer_id = _address(provider.channel, to)
    text = _("This is a test of %(provider)s.") % {"provider": provider.name}
    content = Rendered(
        subject=_("Test from %(shop)s") % {"shop": settings.SHOP_NAME},
        text=text,
        html=f"<p>{text}</p>",
        from_email=settings.SHOP_FROM_EMAIL,
        data={"test": True},
    )
    message = Outgoing(
        key=0,
        message_id=f"<{key.hex}@{settings.SHOP_FROM_EMAIL.rpartition('@')[2]}>",
        address=address,
        content=content,
        unsubscribe_url="",
        date=now,
        customer_id=customer_id,
    )
    try:
        opened = kinds.get(provider.kind).open(provider.configuration)
        with opened as connection:
            return next(iter(connection.send([message])))
    except (KeyError, TypeError) as error:
        raise ValueError(_("A setting is missing: open the provider and save it again.")) from error


def _address(channel: str, to: str) -> tuple[str, int]:
    if channel == Channel.EMAIL:
        return normalise_email(to), 0
    if channel == Channel.SMS:
        return normalise_phone(to, settings.SHOP_COUNTRY), 0
    customer = by_external_id(to)
    if customer is None:
        raise ValueError(_("Write the id of a customer: the test is sent as if to that person."))
    return customer.external_id, customer.pk
