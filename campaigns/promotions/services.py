"""Make promotions and judge carts. What counts uses of them stands in `orders` and `limits`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from customers.models import Customer

from . import running, selectors
from .applicator import Offer, apply
from .carts import Order, Situation, parse_cart
from .models import Promotion
from .results import Result


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


def evaluate(order: Order, *, customer: Customer | None, now: datetime) -> Result:
    """Judge an order by all running promotions that need no code. Nothing is counted or stored.

    Raises RuleInvalid for amounts that are not money. Three queries, whatever the size of the cart and
    however many promotions run, and one for each kind of narrow limit.
    """
    offers = running.automatic_offers(now, customer.pk if customer else None)
    return apply(offers, situation_of(order, customer=customer, now=now, offers=offers))


def situation_of(
    order: Order, *, customer: Customer | None, now: datetime, offers: Sequence[Offer]
) -> Situation:
    """Return the cart with what the catalogue and the customer's history say about it.

    Only what the offers' rules ask for is looked up.
    """
    needs = frozenset[str]().union(*(offer.needs for offer in offers if not offer.barred))
    skus = (line["sku"] for line in order.lines)
    known = selectors.known_products(skus) if "catalogue" in needs else {}
    cart = parse_cart(list(order.lines), order.currency, known, prices=order.prices)
    shopper = selectors.shopper(customer, now=now, but_order=order.id, needs=needs)
    return Situation(cart, shopper, now, order.channel)
