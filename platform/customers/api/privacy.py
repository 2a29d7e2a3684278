"""REST: what a person agreed to, everything that is known about them, and how far an erasure is."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.openapi import PROBLEMS
from core.problems import Problem
from core.serializers import ObjectField, StrictSerializer
from customers import services
from customers.api.records import CUSTOMER, ErasureSerializer, find
from customers.export import export_customer
from customers.models import Channel, Customer, ErasureRequest
from customers.services import ConsentRow


class ConsentSerializer(StrictSerializer):
    """A consent given or withdrawn."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    topic = serializers.CharField(max_length=50, default="marketing")
    granted = serializers.BooleanField()
    source = serializers.CharField(max_length=50, help_text="Where it was said, like “checkout”.")
    proof = ObjectField(
        required=False,
        help_text="How it can be shown later, like {“ip”, “form”}. Where a market asks for double opt-in,"
        " only a proof with {“double_opt_in”: true, “confirmed_at”} counts.",
    )
    occurred_at = serializers.DateTimeField(required=False, help_text="Default: now.")


class StateSerializer(serializers.Serializer[Any]):
    """What somebody agrees to now."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    topic = serializers.CharField()
    granted = serializers.BooleanField()
    since = serializers.DateTimeField()


class StatesSerializer(serializers.Serializer[Any]):
    """All that is known of somebody's consents. What is not listed was never said: nothing is sent."""

    consents = StateSerializer(many=True)


class ConsentsView(APIView):
    """What a customer agreed to."""

    scopes = {"GET": Scope.CUSTOMERS_READ, "POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="get_consents", parameters=[CUSTOMER], responses={200: StatesSerializer, **PROBLEMS}
    )
    def get(self, request: Request, customer: str) -> Response:
        """Return the present state, one entry a channel and topic."""
        return Response(_states(find(customer)))

    @extend_schema(
        operation_id="record_consent",
        parameters=[CUSTOMER, PARAMETER],
        request=ConsentSerializer,
        responses={200: StatesSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, customer: str) -> Response:
        """Record a consent or its withdrawal. The latest word by `occurred_at` counts, in any order."""
        found, now = find(customer), clock.now()
        body = ConsentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = {"occurred_at": now, **body.validated_data}
        if said["occurred_at"] > now:
            raise serializers.ValidationError({"occurred_at": [_("Lies in the future.")]})
        services.record_consents([ConsentRow(customer_id=found.pk, **said)], now)
        return Response(_states(found))


class ExportView(APIView):
    """Everything about a person."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="export_customer",
        parameters=[CUSTOMER],
        responses={200: OpenApiTypes.OBJECT, **PROBLEMS},
    )
    def get(self, request: Request, customer: str) -> Response:
        """Return the record and every row about the person, by table, for a subject access request."""
        return Response(export_customer(find(customer), now=clock.now()))


class ErasureView(APIView):
    """How far an erasure is."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="get_erasure", responses={200: ErasureSerializer, **PROBLEMS})
    def get(self, request: Request, erasure: UUID) -> Response:
        """Return the state and, when it is done, how many rows of each table were erased."""
        found = ErasureRequest.objects.filter(pk=erasure).first()
        if found is None:
            raise Problem(404, "unknown-erasure", _("There is no erasure with this id"))
        return Response(ErasureSerializer(found).data)


def _states(customer: Customer) -> dict[str, Any]:
    consents = customer.consents.order_by("channel", "topic")
    return {"consents": StateSerializer(consents, many=True).data}
