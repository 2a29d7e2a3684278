"""REST: what the running promotions give on a cart."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.models import Scope
from campaigns.coupons.api.till import CouponView
from campaigns.coupons.services import Refused, joining
from campaigns.coupons.throttling import GuessThrottle
from campaigns.promotions import selectors, services
from campaigns.serializers import PlacedSerializer, lines_field, order_of
from core import clock
from customers.selectors import by_external_id

from .shapes import EvaluatedSerializer


class EvaluateSerializer(PlacedSerializer):
    """A cart, and whose it is."""

    customer = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    codes = serializers.ListField(
        child=serializers.CharField(max_length=100),
        max_length=joining.MOST_CODES,
        required=False,
        default=list,
        help_text="Coupon codes that the shopper entered: judged together with the running promotions.",
    )
    shopper_ip = serializers.IPAddressField(
        required=False, help_text="Of who types codes: a guesser is held up, and nobody else."
    )
    lines = lines_field()


class EvaluateView(CouponView):
    """Judge a cart."""

    scopes = {"POST": Scope.COUPONS_READ}

    def get_throttles(self) -> list[BaseThrottle]:
        """Hold up who guesses codes; a cart without any costs nothing more."""
        body = self.request.data
        if isinstance(body, Mapping) and body.get("codes"):
            return super().get_throttles()
        return [one for one in super().get_throttles() if not isinstance(one, GuessThrottle)]

    @extend_schema(
        operation_id="evaluate_promotions",
        summary="Evaluate the running promotions on a cart",
        request=EvaluateSerializer,
        responses=EvaluatedSerializer,
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer line by line which promotion gives what, and why others do not.

        Of each code it says what it gives beside the promotions, what it replaces, or why it lost.
        """
        form = EvaluateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        # A customer we do not know shops as a stranger: a partner's cart must not fail for it.
        customer = by_external_id(form.validated_data["customer"] or "")
        now = clock.now()
        order, codes = order_of(form.validated_data, order_id=""), form.validated_data["codes"]
        entered: tuple[joining.Entered, ...] = ()
        if codes:
            result, entered = joining.judge(codes, order, customer=customer, now=now)
        else:
            result = services.evaluate(order, customer=customer, now=now)
        if any(one.reason == "invalid_code" for one in entered):
            self.note(Refused("invalid_code"))
        answer = result.as_json(selectors.lowest_prices(result, now))
        return Response(answer | {"codes": [one.as_json(order.currency) for one in entered]})
