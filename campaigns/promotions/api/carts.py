"""REST: what the running promotions give on a cart."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.promotions import selectors, services
from campaigns.promotions.vocabulary import RuleInvalid
from campaigns.serializers import PlacedSerializer, lines_field, order_of
from core import clock
from core.problems import Problem
from customers.selectors import by_external_id

from .shapes import ResultSerializer


class EvaluateSerializer(PlacedSerializer):
    """A cart, and whose it is."""

    customer = serializers.CharField(max_length=200, required=False, allow_null=True, default=None)
    lines = lines_field()


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
        # A customer we do not know shops as a stranger: a partner's cart must not fail for it.
        customer = by_external_id(form.validated_data["customer"] or "")
        now = clock.now()
        try:
            order = order_of(form.validated_data, order_id="")
            result = services.evaluate(order, customer=customer, now=now)
        except RuleInvalid as error:
            raise Problem(422, "invalid-cart", _("This cart cannot be read"), str(error)) from error
        return Response(result.as_json(selectors.lowest_prices(result, now)))
