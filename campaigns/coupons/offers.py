"""What somebody can use now: running promotions that fit the person, and the codes he or she holds."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.promotions import running, selectors
from campaigns.promotions.applicator import Offer
from campaigns.promotions.carts import Cart, Situation
from campaigns.promotions.models import Promotion
from customers.models import Customer

from .codes import shown
from .models import Coupon


@dataclass(frozen=True, slots=True)
class Usable:
    """An offer as a shop shows it. `still_needed` says what a cart must have for it to apply.

    `ends_at` is when it ends for this person, for a countdown; `uses_left` how often it can still be used
    by anybody, None without a limit.
    """

    promotion: str
    name: str
    kind: str
    benefit: str
    code: str
    ends_at: datetime | None
    uses_left: int | None
    still_needed: tuple[str, ...]


def usable(
    customer: Customer | None, *, now: datetime, currency: str, channel: str = "", limit: int = 100
) -> list[Usable]:
    """Return what the customer, or a stranger, can use now; codes first, then by priority.

    Promotions whose conditions on person, time or channel do not hold are left out; conditions on the
    cart are told. Two queries, one for each thing about the shopper that is asked for, and one for each
    kind of narrow limit.
    """
    held = _held(customer, now, limit) if customer else []
    automatic = list(Promotion.objects.running(now).automatic().order_by("-priority", "slug"))
    promotions = {p.pk: p for p in [*(coupon.pool.promotion for coupon in held), *automatic]}
    by_slug = {p.slug: p for p in promotions.values()}
    offers = {
        offer.slug: offer
        for offer in running.offers_of(list(promotions.values()), now, customer.pk if customer else None)
    }
    needs = frozenset[str]().union(*(offer.needs for offer in offers.values() if not offer.barred))
    situation = Situation(Cart((), currency), selectors.shopper(customer, now=now, needs=needs), now, channel)
    wanted = [(coupon.pool.promotion, coupon) for coupon in held]
    rows: list[tuple[Promotion, Coupon | None]] = [*wanted, *((p, None) for p in automatic)]
    return [
        _usable(by_slug[promotion.slug], offer, coupon, situation)
        for promotion, coupon in rows
        if (offer := offers.get(promotion.slug)) and _fits(offer, situation)
    ][:limit]


def _held(customer: Customer, now: datetime, limit: int) -> list[Coupon]:
    coupons = Coupon.objects.filter(customer=customer).usable(now).select_related("pool__promotion")
    return list(coupons.order_by("expires_at", "pk")[:limit])


def _fits(offer: Offer, situation: Situation) -> bool:
    return (
        offer.barred is None
        and situation.cart.currency in {offer.currency, *offer.also_in}
        and all(c.on_cart or c.missing(situation) is None for c in offer.conditions)
    )


def _usable(promotion: Promotion, offer: Offer, coupon: Coupon | None, situation: Situation) -> Usable:
    lacking = [c.missing(situation) for c in offer.conditions if c.on_cart]
    ends = [promotion.ends_at, coupon.expires_at if coupon else None]
    ends += [getattr(c, "end", None) for c in offer.conditions]
    return Usable(
        promotion=promotion.slug,
        name=promotion.name,
        kind=offer.benefit.kind,
        benefit=offer.benefit.sentence(situation.cart.currency),
        code=shown(coupon.code) if coupon else "",
        ends_at=min((end for end in ends if end), default=None),
        uses_left=None if promotion.limit is None else promotion.limit - promotion.used,
        still_needed=tuple(sentence for sentence in lacking if sentence),
    )
