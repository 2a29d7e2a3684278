"""Writing down what came back, once, with all that follows from it."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from core.encryption import keyed_hash, normalise_email
from customers.consent import ConsentRow, record_consents, suppress_all
from customers.models import Channel, Consent, Customer, Identifier, Suppression
from delivery.models import Message
from delivery.returns.models import BounceClass, Return, ReturnKind
from events.models import EventType
from events.services import record


@dataclass(frozen=True, slots=True)
class Returned:
    """A bounce or a complaint as somebody told it.

    `hash_start` is the beginning of the hash of the address written to, where the teller knows it;
    `address_hash` the whole one, where no message is named.
    """

    kind: ReturnKind
    source: str
    occurred_at: datetime
    bounce_class: BounceClass = BounceClass.UNKNOWN
    run_id: UUID | None = None
    message: int | None = None
    hash_start: str = ""
    address_hash: str = ""
    channel: str = Channel.EMAIL
    status: str = ""
    diagnostic: str = ""
    told_as: str = ""
    customer_id: int | None = None
    topic: str = ""

    @property
    def key(self) -> str:
        """Return what makes two tellings one: the message and what happened to it, else the telling."""
        about = f"{self.run_id}/{self.message}" if self.run_id else f"{self.source}/{self.told_as}"
        return hashlib.sha256(f"{self.kind}/{self.bounce_class}/{about}".encode()).hexdigest()


_STORE = """
INSERT INTO delivery_return (key, kind, bounce_class, channel, run_id, message, customer_id, address_hash,
                             status, diagnostic, source, occurred_at, received_at)
SELECT r.*, %s
  FROM jsonb_to_recordset(%s::jsonb) AS r (
       key varchar, kind varchar, bounce_class varchar, channel varchar, run_id uuid, message bigint,
       customer_id bigint, address_hash varchar, status varchar, diagnostic varchar, source varchar,
       occurred_at timestamptz)
 ORDER BY key
    ON CONFLICT (key) DO NOTHING
RETURNING key
"""


def take(returned: Sequence[Returned], *, now: datetime) -> int:
    """Store bounces and complaints, each once, and act on the new ones; return how many were new.

    A hard bounce suppresses the address, so do SOFT_BOUNCES soft ones of different messages within
    SOFT_BOUNCE_DAYS. A complaint suppresses it and withdraws the consent for the channel. Everything is
    an event of the customer. About ten statements whatever the number. A message's address counts only
    as long as the customer still has the address that was written to.
    """
    if not returned:
        return 0
    with transaction.atomic():
        found = {r.key: r for r in _resolve(returned)}
        new = [found[key] for key in _store(found, now)]
        _suppress(new, now)
        _withdraw([r for r in new if r.kind == ReturnKind.COMPLAINT], now)
        record([_event(r) for r in new if r.customer_id and _matters(r)], now)
    return len(new)


def _matters(r: Returned) -> bool:
    """Say whether it belongs on the timeline: automatic replies and delays do not."""
    return r.kind == ReturnKind.COMPLAINT or r.bounce_class not in (
        BounceClass.AUTO_REPLY,
        BounceClass.CHALLENGE,
        BounceClass.DELAYED,
    )


def _resolve(returned: Sequence[Returned]) -> Iterable[Returned]:
    """Add the customer, the channel and the whole hash of the address; drop what names no message of ours."""
    runs = {r.run_id for r in returned if r.run_id}
    messages = {
        (m.run_id, m.pk): m
        for m in Message.objects.filter(run__in=runs, pk__in={r.message for r in returned if r.run_id})
        .select_related("run")
        .only("channel", "customer_id", "run__topic")
    }
    owners = dict(
        Identifier.objects.filter(
            kind=Identifier.Kind.EMAIL,
            value_hash__in={r.address_hash for r in returned if not r.run_id},
            customer__isnull=False,
        ).values_list("value_hash", "customer_id")
    )
    people = Customer.objects.filter(pk__in={m.customer_id for m in messages.values()}).only("email", "phone")
    hashes = {customer.pk: _address_hashes(customer) for customer in people}
    for r in returned:
        if r.run_id is None:
            yield replace(r, customer_id=owners.get(r.address_hash))
        elif (message := messages.get((r.run_id, r.message or 0))) is not None:
            mine = hashes.get(message.customer_id, {}).get(message.channel, "")
            yield replace(
                r,
                customer_id=message.customer_id,
                channel=message.channel,
                topic=message.run.topic,
                address_hash=r.address_hash or (mine if mine.startswith(r.hash_start) else ""),
            )


def _address_hashes(customer: Customer) -> dict[str, str]:
    found = {}
    if customer.email:
        with suppress(ValueError):
            found[Channel.EMAIL.value] = keyed_hash("email", normalise_email(customer.email))
    if customer.phone:
        found[Channel.SMS.value] = keyed_hash("phone", customer.phone)
    return found


def _store(found: dict[str, Returned], now: datetime) -> list[str]:
    rows = [
        {
            "key": key, "kind": r.kind, "bounce_class": r.bounce_class, "channel": r.channel,
            "run_id": r.run_id, "message": r.message, "customer_id": r.customer_id,
            "address_hash": r.address_hash,
            "status": r.status[:15], "diagnostic": r.diagnostic[:300], "source": r.source[:30],
            "occurred_at": r.occurred_at,
        }
        for key, r in found.items()
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [now, orjson.dumps(rows, default=str).decode()])
        return [key for (key,) in cursor.fetchall()]


def _suppress(new: Sequence[Returned], now: datetime) -> None:
    """Suppress the addresses that do not exist, are given up, or complained."""
    reasons: dict[tuple[str, str], str] = {}
    soft = [r for r in new if r.bounce_class == BounceClass.SOFT and r.address_hash]
    for channel, address_hash in _given_up(soft, now):
        reasons[channel, address_hash] = Suppression.Reason.BOUNCED
    for r in new:
        if r.kind == ReturnKind.COMPLAINT:
            reasons[r.channel, r.address_hash] = Suppression.Reason.COMPLAINED
        elif r.bounce_class == BounceClass.HARD:
            reasons.setdefault((r.channel, r.address_hash), Suppression.Reason.BOUNCED)
    suppress_all([(channel, h, reason) for (channel, h), reason in reasons.items() if h], now)


def _given_up(soft: Sequence[Returned], now: datetime) -> list[tuple[str, str]]:
    """Return the addresses with too many soft bounces; those told just now are stored already."""
    if not soft:
        return []
    rows = (
        Return.objects.filter(
            address_hash__in={r.address_hash for r in soft},
            bounce_class=BounceClass.SOFT,
            occurred_at__gt=now - timedelta(days=settings.SOFT_BOUNCE_DAYS),
        )
        .order_by()
        .values_list("channel", "address_hash")
        .annotate(n=Count("key"))
        .filter(n__gte=settings.SOFT_BOUNCES)
    )
    return [(channel, address_hash) for channel, address_hash, _ in rows]


def _withdraw(complaints: Sequence[Returned], now: datetime) -> None:
    """Withdraw each complaining customer's consents for the channel, all topics."""
    about = {(r.customer_id, r.channel): r for r in complaints if r.customer_id}
    given = Consent.objects.filter(customer__in={pk for pk, _ in about}, granted=True)
    record_consents(
        [
            ConsentRow(
                customer_id=consent.customer_id,
                channel=consent.channel,
                topic=consent.topic,
                granted=False,
                source="complaint",
                occurred_at=now,
                proof=_proof(about[consent.customer_id, consent.channel]),
            )
            for consent in given
            if (consent.customer_id, consent.channel) in about
        ],
        now,
    )


def _proof(r: Returned) -> dict[str, Any]:
    return {"told_by": r.source} | ({"run": str(r.run_id), "message": r.message} if r.run_id else {})


def _event(r: Returned) -> dict[str, Any]:
    complained = r.kind == ReturnKind.COMPLAINT
    return {
        "source": "rapport",
        "message_id": f"{r.kind}:{r.key}",
        "type": EventType.MESSAGE_COMPLAINED if complained else EventType.MESSAGE_BOUNCED,
        "customer_id": r.customer_id,
        "occurred_at": r.occurred_at,
        "properties": _proof(r)
        | {"channel": r.channel}
        | ({} if complained else {"class": r.bounce_class.value, "status": r.status}),
    }
