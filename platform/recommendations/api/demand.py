"""REST: what each product will sell in the next four weeks, beside its stock."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core.problems import Problem
from recommendations.api.products import SKU, product_of
from recommendations.demand import selectors
from recommendations.demand.selectors import Line
from recommendations.demand.supply import HORIZON
from recommendations.models import Supply

_MOST = 500


class RangeSerializer(serializers.Serializer[Any]):
    """A figure with the range in which nine of ten products end up."""

    expected = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class DemandSerializer(serializers.Serializer[Any]):
    """A product's demand in four weeks."""

    sku = serializers.CharField()
    as_of = serializers.DateTimeField(help_text="The four weeks begin here.")
    days = serializers.IntegerField()
    units = RangeSerializer()
    middle = serializers.FloatField(help_text="The best single figure for this product: the median.")
    sold_before = serializers.FloatField(help_text="Units of the four weeks before.")
    stock = serializers.IntegerField(allow_null=True)
    days_of_cover = RangeSerializer(
        help_text="How long the stock lasts; null without a stock, or where it may never end."
    )
    supply = serializers.ChoiceField(choices=["", *Supply.values], help_text="How stock stands to demand.")


class ListQuerySerializer(serializers.Serializer[Any]):
    """What a list of demand can be asked for."""

    supply = serializers.ChoiceField(choices=Supply.choices, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=_MOST, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0)


class DemandListSerializer(serializers.Serializer[Any]):
    """Products by urgency, with how many there are in all."""

    count = serializers.IntegerField()
    results = DemandSerializer(many=True)


class ProductDemandView(APIView):
    """One product's demand."""

    scopes = {"GET": Scope.PRODUCTS_READ}

    @extend_schema(operation_id="product_demand", parameters=[SKU], responses=DemandSerializer)
    def get(self, request: Request, sku: str) -> Response:
        """Answer the forecast with the stock of this moment. 404 where none was made yet."""
        line = selectors.of_product(product_of(sku).pk)
        if line is None:
            raise Problem(
                404,
                "no-forecast",
                _("There is no forecast for this product yet."),
                _("Forecasts are made every night, for products that were sold within two years."),
            )
        return Response(DemandSerializer(_body(line)).data)


class DemandView(APIView):
    """Products by how their stock stands to their demand."""

    scopes = {"GET": Scope.PRODUCTS_READ}

    @extend_schema(
        operation_id="demand",
        parameters=[ListQuerySerializer],
        responses=DemandListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer the most urgent first: what lacks most, what lies too long, else what sells most."""
        query = ListQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        supply = asked.get("supply", "")
        lines = selectors.lines(supply, limit=asked["limit"], offset=asked["offset"])
        body = {"count": selectors.counts().of(supply), "results": [_body(line) for line in lines]}
        return Response(DemandListSerializer(body).data)


def _body(line: Line) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "as_of": line.as_of,
        "days": HORIZON,
        "units": {"expected": line.expected, "low": line.low, "high": line.high},
        "middle": line.middle,
        "sold_before": line.sold,
        "stock": line.stock,
        "days_of_cover": {
            "expected": _days(line.cover),
            "low": _days(line.cover_least),
            "high": _days(line.cover_most),
        },
        "supply": line.supply,
    }


def _days(days: float | None) -> float | None:
    return None if days is None else round(days, 1)


urlpatterns = [
    re_path(r"^products/(?P<sku>[^/]+)/demand/?$", ProductDemandView.as_view(), name="api-product-demand"),
    re_path(r"^demand/?$", DemandView.as_view(), name="api-demand"),
]
