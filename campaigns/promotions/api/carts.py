"""REST: what the running promotions give on a cart."""

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.serializers import cart_of, lines_field
from core import clock
from core.problems import Problem
from core.serializers import StrictSerializer
from customers.selectors import by_external_id

from . import services
from .vocabulary import RuleInvalid


class EvaluateSerializer(StrictSerializer):
    """A cart, and whose it is."""

    customer = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    lines = lines_field()


class DiscountSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What one promotion takes off a line."""

    promotion = serializers.CharField()
    amount = serializers.DictField(child=serializers.CharField())
    reason = serializers.CharField()


class DiscountedLineSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A line with its discounts."""

    sku = serializers.CharField()
    discounts = DiscountSerializer(many=True)


class NotAppliedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A promotion that gave nothing, and why."""

    promotion = serializers.CharField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ResultSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """The explained cart."""

    lines = DiscountedLineSerializer(many=True)
    applied = serializers.ListField(child=serializers.CharField())
    not_applied = NotAppliedSerializer(many=True)
    free_shipping = serializers.BooleanField()
    subtotal = serializers.DictField(child=serializers.CharField())
    discount = serializers.DictField(child=serializers.CharField())
    total = serializers.DictField(child=serializers.CharField())


class EvaluateView(APIView):
    """Judge a cart."""

    scopes = {"POST": Scope.COUPONS_READ}

    @extend_schema(
        operation_id="evaluate_promotions",
        summary="Evaluate the running promotions on a cart",
        request=EvaluateSerializer,
        responses=ResultSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer line by line which promotion gives what, and why others do not."""
        form = EvaluateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        lines, currency = cart_of(form.validated_data["lines"])
        # A customer we do not know shops as a stranger: a partner's cart must not fail for it.
        customer = by_external_id(form.validated_data["customer"] or "")
        try:
            result = services.evaluate(lines, currency=currency, customer=customer, now=clock.now())
        except RuleInvalid as error:
            raise Problem(400, "invalid-cart", "This cart cannot be read", str(error)) from error
        return Response(result.as_json())


urlpatterns = [
    re_path(r"^promotions/evaluate/?$", EvaluateView.as_view(), name="api-promotions-evaluate"),
]
