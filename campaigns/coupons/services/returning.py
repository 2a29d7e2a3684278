"""Take a code's use back: wholly, or in part where some of the goods came back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.coupons.models import Coupon, Redemption
from campaigns.promotions import limits
from campaigns.promotions.orders import BadRefund
from core.money import Money, round_money
from delivery.endpoints.hooks import tell

from . import counting
from .asking import find
from .refusals import Refused


@transaction.atomic
def roll_back(code: str, *, order_id: str, now: datetime) -> None:
    """Take back the code's use on an order: redeemed or reserved. A repeat changes nothing."""
    coupon = find(code)
    # The code's row first, as whoever releases or reserves takes it: the other way round two would wait
    # for each other.
    counting.lock(coupon)
    if _roll_back_redemption(coupon, order_id, now):
        return
    if coupon.reservations.filter(order_id=order_id, released_at=None).update(released_at=now):
        counting.give_back(coupon, 1)
    # The reservation may just have been redeemed while we waited for it.
    elif not _roll_back_redemption(coupon, order_id, now) and not coupon.reservations.filter(
        order_id=order_id
    ):
        raise Refused("invalid_code")


@transaction.atomic
def refund(code: str, *, order_id: str, reference: str, amount: Money, now: datetime) -> None:
    """Give back the share of the discount that goods worth `amount` before discounts had.

    `reference` is the shop's number of the refund: a repeat changes nothing. Once everything is refunded
    the use is taken back, too. Raises Refused for a code that was not used on the order, ValueError when
    more is refunded than was bought.
    """
    coupon = find(code)
    counting.lock(coupon)
    redemption = _locked(coupon, order_id)
    if redemption is None:
        raise Refused("invalid_code")
    if reference in redemption.refunds:
        return
    if redemption.rolled_back_at is not None:
        raise Refused("rolled_back", _("This code's use on this order was taken back."))
    whole = redemption.order_amount
    if amount.currency != redemption.currency or whole is None:
        raise BadRefund(_("The order is in %(currency)s.") % {"currency": redemption.currency})
    if amount.amount <= 0 or redemption.refunded + amount.amount > whole:
        raise BadRefund(_("No more can be refunded than was bought."))
    redemption.refunded += amount.amount
    redemption.refunds.append(reference)
    redemption.save(update_fields=["refunded", "refunds"])
    if redemption.refunded == whole:
        _roll_back_redemption(coupon, order_id, now)
        return
    promotion = coupon.pool.promotion
    counted = redemption.counted or Decimal(0)
    share = round_money(counted * redemption.refunded / whole, promotion.currency)
    if (more := share - redemption.given_back) > 0:
        limits.give_back(
            promotion,
            amount=more,
            of=f"redemption:{redemption.pk}",
            reference=f"refund:{redemption.pk}:{reference}",
            now=now,
            whole=False,
        )
        redemption.given_back = share
        redemption.save(update_fields=["given_back"])


def _locked(coupon: Coupon, order_id: str) -> Redemption | None:
    found = Redemption.objects.select_for_update(no_key=True).filter(coupon=coupon, order_id=order_id)
    return found.first()


def _roll_back_redemption(coupon: Coupon, order_id: str, now: datetime) -> bool:
    """Take a redemption back where there is one, once; return whether there is one."""
    redemption = _locked(coupon, order_id)
    if redemption is None:
        return False
    if Redemption.objects.filter(pk=redemption.pk, rolled_back_at=None).update(rolled_back_at=now):
        counting.give_back(coupon, 1)
        if redemption.counted is not None:
            limits.give_back(
                coupon.pool.promotion,
                amount=redemption.counted - redemption.given_back,
                of=f"redemption:{redemption.pk}",
                reference=f"rollback:{redemption.pk}",
                now=now,
            )
        told = {"code": coupon.code, "order": order_id, "rolled_back_at": now.isoformat()}
        tell("coupon.rolled_back", str(redemption.pk), told, now=now)
    return True
