"""Double opt-in: a consent counts once its person has confirmed it from the mailbox itself.

The question goes through the outbox like every message, as a transactional one, so that it is neither
lost nor sent twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import formataddr
from enum import Enum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.encryption import keyed_hash, normalise_email
from customers.consent import ConsentRow, record_consents
from customers.languages import language_of
from customers.models import Channel, Customer, Suppression
from delivery.models import Message, Run, SkipReason
from delivery.preferences.models import OptIn
from delivery.preferences.selectors import SERVICE
from delivery.services import launch
from delivery.sources import Rendered, Skip
from delivery.tokens import InvalidToken, seal, unseal

SOURCE = "opt_in"
_PURPOSE = "opt_in"
#: A question is not asked again so soon, and not more often than that, whoever fills in the form.
PAUSE = timedelta(hours=1)
MOST = 3


class OptInRefused(Exception):
    """The question cannot be asked; the text says why."""


class Confirmed(Enum):
    """Where a confirmation stands."""

    ASK = "ask"
    DONE = "done"
    EXPIRED = "expired"


def ask(customer: Customer, *, topic: str, source: str, now: datetime) -> OptIn:
    """Ask a customer by mail to confirm a consent; return the open question.

    Asked again within an hour, or more than three times before it expires, no further mail goes out.
    The caller wakes a worker for `run_of(opt_in)`. Raises OptInRefused without an address, or when the
    address is suppressed.
    """
    try:
        address_hash = keyed_hash("email", normalise_email(customer.email or ""))
    except ValueError as error:
        raise OptInRefused(_("The customer has no e-mail address.")) from error
    bans = Suppression.objects.filter(Q(until=None) | Q(until__gt=now), channel=Channel.EMAIL)
    if bans.exclude(reason=Suppression.Reason.UNSUBSCRIBED).filter(address_hash=address_hash).exists():
        raise OptInRefused(_("The address is suppressed: it bounced, complained, or was blocked by hand."))
    expires_at = now + timedelta(days=settings.OPT_IN_DAYS)
    with transaction.atomic():
        opt_in, created = OptIn.objects.select_for_update().get_or_create(
            customer=customer,
            channel=Channel.EMAIL,
            topic=topic,
            confirmed_at=None,
            defaults={
                "source": source,
                "address_hash": address_hash,
                "requested_at": now,
                "expires_at": expires_at,
            },
        )
        if not created:
            if opt_in.expires_at <= now or opt_in.address_hash != address_hash:
                opt_in.attempts = 0
            elif opt_in.attempts >= MOST or opt_in.requested_at > now - PAUSE:
                return opt_in
            opt_in.source, opt_in.address_hash = source, address_hash
            opt_in.requested_at, opt_in.expires_at = now, expires_at
        opt_in.attempts += 1
        opt_in.save()
        launch(
            source=SOURCE,
            reference=str(opt_in.pk),
            channel=Channel.EMAIL,
            topic=SERVICE,
            audience=(
                "SELECT %s::bigint AS customer_id, false AS held_out, '{}'::jsonb AS context,"
                " %s::timestamptz AS due_at",
                [customer.pk, now],
            ),
            as_of=now,
            now=now,
            launch=now.isoformat(timespec="microseconds"),
            expires_at=expires_at,
            transactional=True,
        )
    return opt_in


def run_of(opt_in: OptIn) -> Run:
    """Return the latest sending of a question."""
    return Run.objects.filter(source=SOURCE, reference=str(opt_in.pk)).latest("created_at")


def confirm_url(opt_in: OptIn) -> str:
    """Return the signed address on which the person confirms: good for this address and this asking."""
    payload = opt_in.pk.bytes + _asked(opt_in)
    path = reverse("delivery:confirm", kwargs={"token": seal(_PURPOSE, payload, mac=16)})
    return f"{str(settings.PUBLIC_URL).rstrip('/')}{path}"


def find_opt_in(token: str) -> OptIn:
    """Return the question of a link. Raises InvalidToken, also when it was asked anew for another address."""
    payload = unseal(_PURPOSE, token, mac=16)
    found = OptIn.objects.select_related("customer").filter(pk=UUID(bytes=payload[:16])).first()
    if found is None or _asked(found) != payload[16:]:
        raise InvalidToken
    return found


def confirm_opt_in(opt_in: OptIn, *, now: datetime) -> Confirmed:
    """Record the consent with its proof, once; an expired question confirms nothing."""
    with transaction.atomic():
        opt_in = OptIn.objects.select_for_update().get(pk=opt_in.pk)
        if opt_in.confirmed_at:
            return Confirmed.DONE
        if opt_in.expires_at <= now:
            return Confirmed.EXPIRED
        OptIn.objects.filter(pk=opt_in.pk).update(confirmed_at=now)
        record_consents(
            [
                ConsentRow(
                    customer_id=opt_in.customer_id,
                    channel=opt_in.channel,
                    topic=opt_in.topic,
                    granted=True,
                    source="double opt-in",
                    occurred_at=now,
                    proof={
                        "opt_in": str(opt_in.pk),
                        "asked_by": opt_in.source,
                        "asked_at": opt_in.requested_at.isoformat(),
                        "confirmed_at": now.isoformat(),
                    },
                )
            ],
            now,
        )
    return Confirmed.DONE


class OptInSource:
    """Renders the question in the customer's language."""

    def render(
        self, run: Run, messages: Sequence[Message], now: datetime
    ) -> dict[int, tuple[Rendered, dict[str, Any]] | Skip]:
        """Render the one mail of a run; a question that is answered or expired is not asked."""
        opt_in = OptIn.objects.select_related("customer").filter(pk=run.reference).first()
        if opt_in is None or opt_in.confirmed_at or opt_in.expires_at <= now:
            return {message.pk: Skip(SkipReason.NO_CONTENT) for message in messages}
        content = _mail(opt_in)
        OptIn.objects.filter(pk=opt_in.pk).update(sent_at=now)
        return {message.pk: (content, {}) for message in messages}

    def finished(self, run: Run, now: datetime) -> None:
        """Nothing waits for the mail to be gone."""

    def paused(self, run: Run, now: datetime) -> None:
        """One mail is not paused."""


def _mail(opt_in: OptIn) -> Rendered:
    with translation.override(language_of(opt_in.customer)):
        label = settings.MESSAGE_TOPICS.get(opt_in.topic, opt_in.topic)
        values = {
            "shop": settings.SHOP_NAME,
            "address": settings.SHOP_POSTAL_ADDRESS,
            "topic": label,
            "url": confirm_url(opt_in),
            "expires_at": opt_in.expires_at,
        }
        return Rendered(
            to=opt_in.customer.email or "",
            subject=_("Please confirm: messages from %(shop)s") % {"shop": settings.SHOP_NAME},
            html=render_to_string("mail/opt_in.html", values),
            text=render_to_string("mail/opt_in.txt", values),
            from_email=formataddr((settings.SHOP_NAME, settings.SHOP_FROM_EMAIL)),
        )


def _asked(opt_in: OptIn) -> bytes:
    """Return what ties a link to the address it was sent to."""
    return bytes.fromhex(opt_in.address_hash)[:8]
