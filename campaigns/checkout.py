"""What the calls of a till share: how their bodies are read, and how refusals are answered.

Codes (`/coupons/…`) and promotions without one (`/promotions/…`) are kept, used and taken back on an order in
the same way; each of the two adds what only it refuses.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from campaigns.promotions.orders import BadRefund
from campaigns.promotions.vocabulary import RuleInvalid
from campaigns.serializers import OrderSerializer, RefundSerializer, order_of
from core.problems import Problem
from core.serializers import StrictSerializer
from customers.selectors import shopper


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
    """The order on which all is taken back, wholly or as far as goods came back."""

    order = NumberSerializer()
    refund = RefundSerializer(required=False)


class CheckoutView(APIView):
    """A call about an order that is being paid."""

    #: What is refused as a problem: its status, type and title; the error's text says more.
    REFUSALS: ClassVar[dict[type[Exception], tuple[int, str, Any]]] = {
        BadRefund: (422, "invalid-refund", _("This refund cannot be booked")),
        RuleInvalid: (422, "invalid-cart", _("This cart cannot be read")),
    }

    def read(self, form: type[StrictSerializer]) -> dict[str, Any]:
        """Return the validated body; order and customer as the services take them.

        A customer whom we do not know shops as a stranger: a partner's till must not fail for it.
        """
        body = form.read(self.request.data)
        if "lines" in body["order"]:
            body["order"] = order_of(body["order"])
            body["customer"] = shopper(body["customer"] or "")
        return body

    def undo(self, body: dict[str, Any], roll_back: Callable[..., None], refund: Callable[..., None]) -> str:
        """Take back the whole, or the share of what came back; return the order's number."""
        number = str(body["order"]["id"])
        if given := body.get("refund"):
            refund(order_id=number, reference=given["id"], amount=given["amount"])
        else:
            roll_back(order_id=number)
        return number

    def handle_exception(self, exc: Exception) -> Response:
        """Answer refusals as problems."""
        for kind, (status, name, title) in self.REFUSALS.items():
            if isinstance(exc, kind):
                exc = Problem(status, name, str(title), str(exc))
                break
        return super().handle_exception(exc)
