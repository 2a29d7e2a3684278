"""Make promotions, judge carts, and count what promotions gave."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from accounts import audit
from accounts.models import User
from customers.models import Customer

from . import selectors
from .applicator import apply
from .carts import Situation, parse_cart
from .models import BudgetEntry, Promotion
from .results import Result


class Exhausted(Exception):
    """The promotion's number of uses or its budget does not suffice, or it no longer runs."""


@transaction.atomic
def create_promotion(*, now: datetime, user: User | None = None, **fields: Any) -> Promotion:
    """Store a promotion after checking its rules, and note it in the audit log.

    `fields` are the model's. Raises django's ValidationError with a sentence per field.
    """
    promotion = Promotion(created_at=now, **fields)
    promotion.full_clean()
    promotion.save(force_insert=True)
    audit.record(
        action="create_promotion",
        target=promotion,
        now=now,
        user=user,
        after={"conditions": promotion.conditions, "benefit": promotion.benefit},
    )
    return promotion


def evaluate(
    lines: Sequence[Mapping[str, Any]],
    *,
    currency: str,
    customer: Customer | None,
    now: datetime,
    order_id: str = "",
) -> Result:
    """Judge a cart by all running promotions that need no code. Nothing is counted or stored.

    Lines are `{"sku", "quantity", "price"}`; raises RuleInvalid for amounts that are not money.
    Four queries, whatever the size of the cart.
    """
    situation = situation_of(lines, currency=currency, customer=customer, now=now, order_id=order_id)
    return apply(selectors.automatic_offers(now), situation)


def situation_of(
    lines: Sequence[Mapping[str, Any]],
    *,
    currency: str,
    customer: Customer | None,
    now: datetime,
    order_id: str = "",
) -> Situation:
    """Return the cart with what the catalogue and the customer's history say about it."""
    known = selectors.known_products(line["sku"] for line in lines)
    cart = parse_cart(list(lines), currency, known)
    return Situation(cart, selectors.shopper(customer, now=now, but_order=order_id), now)


# No savepoints of their own: whoever calls these gives up the whole of his transaction when they raise.
@transaction.atomic(savepoint=False)
def spend(promotion: Promotion, *, amount: Decimal, reference: str, now: datetime) -> None:
    """Count one use and its discount, within limit, budget and period, or raise Exhausted.

    One conditional UPDATE decides; it also serialises all uses of the promotion until the caller's
    transaction ends. The ledger entry is unique by `reference`.
    """
    counted = (
        Promotion.objects.running(now)
        .filter(
            Q(limit=None) | Q(used__lt=F("limit")),
            Q(budget=None) | Q(budget__gte=F("spent") + amount),
            pk=promotion.pk,
        )
        .update(used=F("used") + 1, spent=F("spent") + amount)
    )
    if counted != 1:
        raise Exhausted(promotion.slug)
    BudgetEntry.objects.create(promotion=promotion, amount=amount, reference=reference, at=now)


@transaction.atomic(savepoint=False)
def give_back(promotion: Promotion, *, amount: Decimal, reference: str, now: datetime) -> None:
    """Take back one use and its discount: the contrary of `spend`, as a further ledger entry."""
    counted = Promotion.objects.filter(pk=promotion.pk, used__gt=0, spent__gte=amount).update(
        used=F("used") - 1, spent=F("spent") - amount
    )
    if counted != 1:
        raise ValueError(f"{promotion.slug} has not given {amount}: {reference} cannot be taken back.")
    BudgetEntry.objects.create(promotion=promotion, amount=-amount, reference=reference, at=now)
