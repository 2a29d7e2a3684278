"""REST: pools of codes, how they stand, and more codes for them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.dispatch import start_job
from accounts.models import Scope
from campaigns.coupons import jobs, pools, selectors
from campaigns.coupons.models import CouponPool
from core import clock
from core.serializers import StrictSerializer

MOST_CODES = 10_000


class CodesSerializer(StrictSerializer):
    """Codes to add: a number of new ones, or a partner's own."""

    count = serializers.IntegerField(min_value=1, max_value=pools.MOST_AT_ONCE, required=False)
    codes = serializers.ListField(
        child=serializers.CharField(max_length=100, allow_blank=True),
        allow_empty=False,
        max_length=MOST_CODES,
        required=False,
    )
    limit = serializers.IntegerField(min_value=1, max_value=100_000_000, default=1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Demand one of both."""
        if ("count" in attrs) is ("codes" in attrs):
            raise serializers.ValidationError(_("Give either “count” or “codes”."))
        return attrs


class AddedSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """What became of a partner's codes, or the job that makes new ones."""

    added = serializers.IntegerField(required=False)
    duplicates = serializers.IntegerField(required=False)
    invalid = serializers.ListField(required=False)
    job = serializers.UUIDField(required=False)


class PoolSerializer(serializers.Serializer):  # type: ignore[type-arg]
    """A pool and how it stands."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    promotion = serializers.CharField()
    codes = serializers.IntegerField()
    free = serializers.IntegerField()
    assigned = serializers.IntegerField()
    redeemed = serializers.IntegerField()
    out = serializers.IntegerField(help_text="Held by somebody who could still redeem them.")
    given = serializers.DictField(child=serializers.CharField(), help_text="Discounts so far.")
    liability = serializers.DictField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What the codes that are out would cost; null where nobody can know yet.",
    )


class PoolsView(APIView):
    """All pools."""

    scopes = {"GET": Scope.COUPONS_READ}

    @extend_schema(
        operation_id="list_coupon_pools",
        summary="List coupon pools and how they stand",
        responses=PoolSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with stock and liability of each pool."""
        return Response([standing.as_json() for standing in selectors.standings(now=clock.now())])


class CodesView(APIView):
    """More codes for a pool."""

    scopes = {"POST": Scope.COUPONS_WRITE}

    @extend_schema(
        operation_id="add_coupon_codes",
        summary="Generate codes, or take over a partner's",
        request=CodesSerializer,
        responses={200: AddedSerializer, 202: AddedSerializer},
    )
    def post(self, request: Request, pk: str, *args: Any, **kwargs: Any) -> Response:
        """Answer 202 with the job that generates, or 200 with what was taken over and what was not."""
        form = CodesSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked, now = form.validated_data, clock.now()
        pool = _pool(pk)
        if "count" in asked:
            job = start_job(
                jobs.GENERATE, now=now, parameters={"pool": str(pool.pk), "count": asked["count"]}
            )
            return Response({"job": job.pk}, status=202)
        taken = pools.take_over(pool, asked["codes"], now=now, limit=asked["limit"])
        return Response(
            {
                "added": taken.added,
                "duplicates": taken.duplicates,
                "invalid": [{"line": line, "error": error} for line, error in taken.invalid],
            }
        )


def _pool(pk: str) -> CouponPool:
    try:
        found = CouponPool.objects.filter(pk=pk).first()
    except (ValidationError, ValueError):
        found = None
    if found is None:
        raise Http404
    return found
