"""REST: what somebody can use now."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.coupons.offers import usable
from core import clock
from core.serializers import StrictSerializer
from customers.selectors import by_external_id


class AskSerializer(StrictSerializer):
    """Who asks, and where."""

    customer = serializers.CharField(max_length=200, required=False)
    currency = serializers.RegexField("^[A-Z]{3}$", required=False)
    channel = serializers.CharField(max_length=50, required=False, default="")


class OfferSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """An offer that can be used now."""

    promotion = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    benefit = serializers.CharField(help_text="What is given, in words.")
    code = serializers.CharField(help_text="The customer's own code; empty where none is needed.")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="For a countdown.")
    uses_left = serializers.IntegerField(allow_null=True)
    still_needed = serializers.ListField(
        child=serializers.CharField(), help_text="What a cart must have for the offer to apply."
    )


class OffersSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """All offers of somebody."""

    offers = OfferSerializer(many=True)


class OffersView(APIView):
    """Offers of a customer, or of a stranger."""

    scopes = {"GET": Scope.COUPONS_READ}

    @extend_schema(
        operation_id="list_offers",
        summary="List what a customer can use now",
        parameters=[AskSerializer],
        responses=OffersSerializer,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with at most 100 offers; a customer we do not know is a stranger."""
        form = AskSerializer(data=request.query_params.dict())
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        offers = usable(
            by_external_id(asked.get("customer", "")),
            now=clock.now(),
            currency=asked.get("currency", settings.SHOP_CURRENCY),
            channel=asked["channel"],
        )
        return Response({"offers": [asdict(offer) for offer in offers]})
