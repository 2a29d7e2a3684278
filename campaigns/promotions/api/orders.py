"""REST: promotions without a code, counted on an order."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.promotions import orders
from campaigns.promotions.vocabulary import RuleInvalid
from campaigns.serializers import OrderSerializer, RefundSerializer, order_of
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.problems import Problem
from core.serializers import StrictSerializer
from customers.selectors import by_external_id

from .shapes import OrderRolledBackSerializer, SettledSerializer


class OrderedSerializer(StrictSerializer):
    """An order, and whose it is."""

    customer = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    order = OrderSerializer()


class KeepSerializer(OrderedSerializer):
    """As for redeeming, with the minutes for which all is kept."""

    minutes = serializers.IntegerField(min_value=1, max_value=24 * 60, default=15)


class NumberSerializer(StrictSerializer):
    """An order by its number."""

    id = serializers.CharField(max_length=100)


class UndoSerializer(StrictSerializer):
    """The order whose promotions are taken back, wholly or as far as goods came back."""

    order = NumberSerializer()
    refund = RefundSerializer(required=False)


class OrderView(APIView):
    """What the calls share: how they are read and how refusals are answered."""

    def read(self, form_class: type[StrictSerializer], request: Request) -> dict[str, Any]:
        """Return the validated body, as the services take it."""
        form = form_class(data=request.data)
        form.is_valid(raise_exception=True)
        body = dict(form.validated_data)
        if "lines" in body["order"]:
            body["order"] = order_of(body["order"])
            body["customer"] = by_external_id(body["customer"] or "")
        return body

    def handle_exception(self, exc: Exception) -> Response:
        """Answer refusals as problems."""
        match exc:
            case orders.OrderClosed():
                exc = Problem(409, "order-closed", _("This order is closed"), str(exc))
            case orders.UnknownOrder():
                exc = Problem(404, "unknown-order", _("No promotion was used on this order"))
            case orders.BadRefund():
                exc = Problem(422, "invalid-refund", _("This refund cannot be booked"), str(exc))
            case RuleInvalid():
                exc = Problem(422, "invalid-cart", _("This cart cannot be read"), str(exc))
        return super().handle_exception(exc)

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
        body = self.read(KeepSerializer, request)
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
        return self.answer(orders.redeem(**self.read(OrderedSerializer, request), now=clock.now()))


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
        body = self.read(UndoSerializer, request)
        order_id, now = body["order"]["id"], clock.now()
        if refund := body.get("refund"):
            orders.refund(order_id, reference=refund["id"], amount=refund["amount"], now=now)
        else:
            orders.roll_back(order_id, now=now)
        return Response({"order": order_id, "rolled_back": True})
