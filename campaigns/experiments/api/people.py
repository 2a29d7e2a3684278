"""People over REST: which arm a customer of a partner's own pages has, and that they met it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.experiments.api.forms import (
    CustomersSerializer,
    ExposedSerializer,
    ExposuresSerializer,
    PlacedSerializer,
    PlacementsSerializer,
)
from campaigns.experiments.models import Experiment
from campaigns.experiments.placing import meet, place
from core import clock
from core.idempotency import PARAMETER, idempotent


def _live(key: str) -> Experiment:
    return get_object_or_404(Experiment.objects.select_related("layer"), key=key, kind=Experiment.Kind.LIVE)


class AssignmentsView(APIView):
    """The arms of several customers."""

    scopes = {"POST": Scope.EXPERIMENTS_WRITE}

    @extend_schema(
        operation_id="assign_customers",
        summary="Ask for the arms of customers",
        request=CustomersSerializer,
        responses=PlacementsSerializer,
    )
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with each one's variant; the first answer is kept for ever, so a repeat says the same."""
        names = CustomersSerializer.read(request.data)["customers"]
        placed = place(_live(key), names, now=clock.now())
        return Response({"assignments": [asdict(one) for one in placed]})


class AssignmentView(APIView):
    """The arm of one customer."""

    scopes = {"GET": Scope.EXPERIMENTS_WRITE}

    @extend_schema(
        operation_id="assign_customer",
        summary="Ask for a customer's arm",
        parameters=[OpenApiParameter("unit", OpenApiTypes.STR, required=True, description="The customer.")],
        responses=PlacedSerializer,
    )
    def get(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with the variant, given out now where there was none."""
        unit = request.query_params.get("unit", "")
        if not unit or len(unit) > 200 or "\0" in unit:
            raise serializers.ValidationError({"unit": ["Name the customer, in at most 200 characters."]})
        return Response(asdict(place(_live(key), [unit], now=clock.now())[0]))


class ExposuresView(APIView):
    """Who met a test."""

    scopes = {"POST": Scope.EXPERIMENTS_WRITE}

    @extend_schema(
        operation_id="expose_customers",
        parameters=[PARAMETER],
        summary="Tell who met a test",
        request=ExposuresSerializer,
        responses=ExposedSerializer,
    )
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Note those who saw their variant, and those held out who would have; only they are compared."""
        rows = ExposuresSerializer.read(request.data)["exposures"]
        now = clock.now()
        met: dict[str, datetime] = {}
        for row in rows:
            # A clock that is ahead of ours must not put a window into the future.
            met.setdefault(row["customer"], min(row.get("at") or now, now))
        accepted, repeated, unassigned = meet(_live(key), met)
        return Response({"accepted": accepted, "repeated": repeated, "unassigned": unassigned})
