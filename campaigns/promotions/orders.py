"""Promotions without a code on an order: reserve → redeem → roll back, each counted.

One row a shop's order is locked first, so that calls about the same order wait for each other; then the
promotions by their id (`limits`). A reservation keeps the price that the shop was told: redeeming the same
cart in time gives exactly that. Everything is idempotent by the order's number, a refund by its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from core.money import Money, convert, round_money
from customers.models import Customer
from delivery.endpoints.hooks import tell

from . import limits, running, selectors
from .applicator import Offer, apply
from .carts import Order
from .models import PromotedOrder, Promotion, PromotionUse
from .results import Result
from .services import situation_of

RESERVED_FOR = timedelta(minutes=15)
State = PromotedOrder.State


class OrderClosed(Exception):
    """The order's promotions were rolled back, or used on another cart; the text says which."""


class BadRefund(ValueError):
    """More is refunded than was bought, or in another currency."""


class UnknownOrder(LookupError):
    """No promotions were ever reserved or used on the order."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What stands on an order. `answer` is the explained cart; `replayed` says that it stood before."""

    order_id: str
    state: str
    answer: dict[str, Any]
    expires_at: datetime | None
    replayed: bool


def reserve(
    order: Order, *, customer: Customer | None, now: datetime, lasts: timedelta = RESERVED_FOR
) -> Settled:
    """Judge the order and keep what its promotions give until it expires.

    Again with the same cart extends it; with another cart what was kept is given back first. Raises
    OrderClosed for an order that was redeemed or rolled back, RuleInvalid for amounts that are not money.
    About 12 statements and 5 for each promotion that applies.
    """
    with transaction.atomic():
        held = _lock(order, customer, now)
        if held.state in {State.REDEEMED, State.ROLLED_BACK}:
            raise _closed(held)
        return _take(held, order, customer, now, expires_at=now + lasts)


def redeem(order: Order, *, customer: Customer | None, now: datetime) -> Settled:
    """Count what the order's promotions give, once: a repeat gives the same answer and counts nothing.

    Raises OrderClosed when it was rolled back, or redeemed with another cart.
    """
    with transaction.atomic():
        held = _lock(order, customer, now)
        if held.state == State.REDEEMED and held.cart_hash == _hash(order, customer):
            return Settled(held.order_id, held.state, held.answer, None, replayed=True)
        if held.state in {State.REDEEMED, State.ROLLED_BACK}:
            raise _closed(held)
        settled = _take(held, order, customer, now, expires_at=None)
        held.state, held.redeemed_at, held.expires_at = State.REDEEMED, now, None
        held.save(update_fields=["state", "redeemed_at", "expires_at"])
        if settled.answer["applied"]:
            told = {
                "order": held.order_id,
                "promotions": settled.answer["applied"],
                "discount": settled.answer["discount"],
                "redeemed_at": now.isoformat(),
            }
            tell("promotion.redeemed", str(held.pk), told, now=now)
        return Settled(held.order_id, held.state, settled.answer, None, replayed=False)


def roll_back(order_id: str, *, now: datetime) -> None:
    """Give everything back that the order's promotions took. A repeat changes nothing."""
    with transaction.atomic():
        held = _existing(order_id)
        if held.state in {State.RESERVED, State.REDEEMED}:
            reserved = held.state == State.RESERVED
            _end(held, State.RELEASED if reserved else State.ROLLED_BACK, now)


def refund(order_id: str, *, reference: str, amount: Money, now: datetime) -> None:
    """Give back the share of each discount that goods worth `amount` before discounts had.

    `reference` is the shop's number of the refund: a repeat changes nothing. Once everything is refunded
    the uses are given back, too. Raises OrderClosed when the order is not redeemed, BadRefund when more
    is refunded than was bought.
    """
    with transaction.atomic():
        held = _existing(order_id)
        if reference in held.refunds:
            return
        if held.state != State.REDEEMED:
            raise _closed(held)
        if amount.currency != held.currency:
            raise BadRefund(_("The order is in %(currency)s.") % {"currency": held.currency})
        if amount.amount <= 0 or held.refunded + amount.amount > held.amount:
            raise BadRefund(_("No more can be refunded than was bought."))
        held.refunded += amount.amount
        held.refunds.append(reference)
        held.save(update_fields=["refunded", "refunds"])
        if held.refunded == held.amount:
            _end(held, State.ROLLED_BACK, now)
            return
        for use in _uses(held):
            share = round_money(use.counted * held.refunded / held.amount, use.promotion.currency)
            if (more := share - use.given_back) > 0:
                _give_back(use, more, now, reference=f"refund:{use.pk}:{reference}", whole=False)


def release_expired(*, now: datetime, batch: int = 500) -> int:
    """Give back what reservations that have expired kept. Return how many. Safe to run at any time.

    Each in a transaction of its own, by 4 statements and 3 for each promotion.
    """
    released = 0
    for pk in PromotedOrder.objects.expired(now).order_by("expires_at").values_list("pk", flat=True)[:batch]:
        with transaction.atomic():
            held = (
                PromotedOrder.objects.select_for_update(no_key=True, skip_locked=True)
                .expired(now)
                .filter(pk=pk)
                .first()
            )
            if held is not None:
                _end(held, State.RELEASED, now)
                released += 1
    return released


def _lock(order: Order, customer: Customer | None, now: datetime) -> PromotedOrder:
    """Return the order's row, locked; a new one counts as released until something is taken."""
    PromotedOrder.objects.bulk_create(
        [
            PromotedOrder(
                order_id=order.id,
                state=State.RELEASED,
                amount=0,
                discount=0,
                currency=order.currency,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    return _existing(order.id)


def _existing(order_id: str) -> PromotedOrder:
    held: PromotedOrder | None = (
        PromotedOrder.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    )
    if held is None:
        raise UnknownOrder
    return held


def _closed(held: PromotedOrder) -> OrderClosed:
    if held.state == State.REDEEMED:
        return OrderClosed(_("This order's promotions were used, with another cart or for good."))
    return OrderClosed(_("This order's promotions were taken back."))


def _take(
    held: PromotedOrder, order: Order, customer: Customer | None, now: datetime, expires_at: datetime | None
) -> Settled:
    """Keep what was reserved for this very cart, or judge it and count anew."""
    fingerprint = _hash(order, customer)
    living = held.state == State.RESERVED and held.expires_at is not None and held.expires_at > now
    if living and held.cart_hash == fingerprint:
        held.expires_at = expires_at
        held.save(update_fields=["expires_at"])
        return Settled(held.order_id, held.state, held.answer, expires_at, replayed=True)
    if held.state == State.RESERVED:
        _end(held, State.RELEASED, now)
    held.uses.all().delete()
    result = _count(held, order, customer, now)
    held.customer, held.cart_hash, held.state = customer, fingerprint, State.RESERVED
    held.currency, held.amount, held.discount = order.currency, result.cart.amount, result.discount
    held.expires_at, held.ended_at, held.refunded, held.refunds = expires_at, None, Decimal(0), []
    held.answer = orjson.loads(orjson.dumps(result.as_json(selectors.lowest_prices(result, now))))
    held.save()
    return Settled(held.order_id, held.state, held.answer, expires_at, replayed=False)


def _count(held: PromotedOrder, order: Order, customer: Customer | None, now: datetime) -> Result:
    """Judge the order and count every promotion that applies.

    Where somebody else took the last use in between, the order is judged again without that promotion,
    so each turn has one offer less.
    """
    offers = running.automatic_offers(now, customer.pk if customer else None)
    situation = situation_of(order, customer=customer, now=now, offers=offers)
    while True:
        result = apply(offers, situation)
        try:
            with transaction.atomic():
                _spend(held, result, customer, now)
            return result
        except limits.Exhausted as error:
            reason = ("limit", _("This offer has been used as often as it may be."))
            offers = _barred(offers, error.slug, reason)


def _barred(offers: Sequence[Offer], slug: str, reason: tuple[str, str]) -> list[Offer]:
    return [replace(offer, barred=reason) if offer.slug == slug else offer for offer in offers]


def _spend(held: PromotedOrder, result: Result, customer: Customer | None, now: datetime) -> None:
    for promotion in Promotion.objects.filter(slug__in=result.applied).order_by("pk"):
        discount = result.given_by(promotion.slug)
        counted = convert(discount, result.cart.currency, promotion.currency)
        use = PromotionUse.objects.create(
            order=held,
            promotion=promotion,
            discount=discount,
            counted=counted or Decimal(0),
            deposit_units=result.deposit_units(promotion.slug),
        )
        limits.spend(
            promotion,
            customer_id=customer.pk if customer else None,
            amount=use.counted,
            reference=f"use:{use.pk}",
            now=now,
        )


def _end(held: PromotedOrder, state: str, now: datetime) -> None:
    """Give back what the order still holds, and close it."""
    for use in _uses(held):
        _give_back(use, use.counted - use.given_back, now, reference=f"end:{use.pk}", whole=True)
    held.state, held.ended_at, held.expires_at = state, now, None
    held.save(update_fields=["state", "ended_at", "expires_at"])
    if state == State.ROLLED_BACK:
        told = {"order": held.order_id, "rolled_back_at": now.isoformat()}
        tell("promotion.rolled_back", str(held.pk), told, now=now)


def _uses(held: PromotedOrder) -> list[PromotionUse]:
    return list(held.uses.select_related("promotion").order_by("promotion"))


def _give_back(use: PromotionUse, amount: Decimal, now: datetime, *, reference: str, whole: bool) -> None:
    limits.give_back(
        use.promotion, amount=amount, of=f"use:{use.pk}", reference=reference, now=now, whole=whole
    )
    use.given_back += amount
    use.save(update_fields=["given_back"])


def _hash(order: Order, customer: Customer | None) -> str:
    content = [
        customer.pk if customer else None,
        order.currency,
        order.channel,
        order.prices,
        [dict(line) for line in order.lines],
    ]
    return hashlib.sha256(orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
