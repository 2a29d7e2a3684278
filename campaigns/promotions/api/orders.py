"""REST: promotions without a code, counted on an order."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from campaigns.checkout import CheckoutView, KeepSerializer, OrderedSerializer, UndoSerializer
from campaigns.promotions import orders
from core import clock
from core.idempotency import PARAMETER, idempotent

from .shapes import OrderRolledBackSerializer, SettledSerializer


class OrderView(CheckoutView):
    """What the calls about promotions without a code share."""

    REFUSALS = CheckoutView.REFUSALS | {
        orders.OrderClosed: (409, "order-closed", _("This order is closed")),
        orders.UnknownOrder: (404, "unknown-order", _("No promotion was used on this order")),
    }

    def answer(self, settled: orders.Settled) -> Response:
        """Return what stands on the order."""
        return Response(
            {
                "order": settled.order_id,
                "state": settled.state,
                "expires_at": settled.expires_at,
                "replayed": settled.replayed,
                "result": settled.answer,
            }
        )


class ReserveOrderView(OrderView):
    """Keep what promotions give while an order is being paid."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="reserve_promotions",
        parameters=[PARAMETER],
        summary="Keep what the promotions give on an order",
        request=KeepSerializer,
        responses=SettledSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200 with the explained cart; again extends it, with another cart it is judged anew."""
        body = self.read(KeepSerializer)
        lasts = timedelta(minutes=body.pop("minutes"))
        return self.answer(orders.reserve(**body, now=clock.now(), lasts=lasts))


class RedeemOrderView(OrderView):
    """Count what promotions give on a paid order."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="redeem_promotions",
        parameters=[PARAMETER],
        summary="Count what the promotions give on an order",
        request=OrderedSerializer,
        responses=SettledSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200 once and on its replay; 409 for an order that was taken back or had another cart."""
        return self.answer(orders.redeem(**self.read(OrderedSerializer), now=clock.now()))


class RollbackOrderView(OrderView):
    """Give back what promotions took on an order."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="roll_back_promotions",
        parameters=[PARAMETER],
        summary="Take back what the promotions gave on an order",
        request=UndoSerializer,
        responses=OrderRolledBackSerializer,
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer 200, also when it was taken back before. With a refund its share of the discounts."""
        now = clock.now()
        number = self.undo(
            self.read(UndoSerializer), partial(orders.roll_back, now=now), partial(orders.refund, now=now)
        )
        return Response({"order": number, "rolled_back": True})
