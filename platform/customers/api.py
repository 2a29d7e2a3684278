"""REST: customers."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import available_timezones

from django.urls import re_path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.bulk import bulk_body, rows_of, validate_rows
from core.idempotency import PARAMETER, idempotent
from core.openapi import PROBLEMS, path_parameter
from core.problems import Problem
from core.serializers import BulkResultSerializer, ObjectField, StrictSerializer
from customers import selectors, services
from customers.models import Customer

_CODES = {"locale", "time_zone", "country"}
CUSTOMER = path_parameter("customer", "Your id of the customer.")


class CustomerSerializer(StrictSerializer):
    """A customer as partners see and write it. Absent fields stay as they are, null clears."""

    first_name = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    last_name = serializers.CharField(max_length=100, required=False, allow_null=True, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_null=True)
    phone = serializers.CharField(max_length=40, required=False, allow_null=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    locale = serializers.RegexField(
        r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$", max_length=20, required=False, allow_null=True,
        error_messages={"invalid": gettext_lazy("Write the language like en or zh-Hans.")},
    )  # fmt: skip
    time_zone = serializers.CharField(max_length=50, required=False, allow_null=True)
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, allow_null=True,
        error_messages={"invalid": gettext_lazy("Write the country as in ISO 3166, like DE.")},
    )  # fmt: skip
    attributes = ObjectField(required=False, allow_null=True)
    no_profiling = serializers.BooleanField(required=False)

    def validate_time_zone(self, value: str | None) -> str | None:
        """Take only zones that exist."""
        if value and value not in available_timezones():
            raise serializers.ValidationError(_("There is no such time zone. Write it like Europe/Berlin."))
        return value

    def validate_birthday(self, value: Any) -> str | None:
        """Take days of living people's lives."""
        if value and not 1900 <= value.year <= clock.now().year:
            raise serializers.ValidationError(_("The year must lie between 1900 and now."))
        return value.isoformat() if value else None


class CustomerRowSerializer(CustomerSerializer):
    """A customer in a bulk call."""

    external_id = serializers.RegexField(
        r"^[^/]+$", max_length=200,
        error_messages={"invalid": gettext_lazy("The id stands in addresses, so it cannot hold a slash.")},
    )  # fmt: skip


class CustomerAnswerSerializer(CustomerRowSerializer):
    """A customer as it is stored."""

    is_stub = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        """Return codes that are not known as null, so that the answer can be sent back as it is."""
        body = super().to_representation(instance)
        return {n: None if n in _CODES and v == "" else v for n, v in body.items()}


class CustomersView(APIView):
    """Many customers at once."""

    scopes = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="upsert_customers",
        parameters=[PARAMETER],
        request=CustomerRowSerializer(many=True),
        responses={200: BulkResultSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Create or update 1 to 1,000 customers by their external_id; absent fields stay, null clears."""
        good, rejected = validate_rows(CustomerRowSerializer, rows_of(request.data, "customers"))
        places = list(good)
        result = services.upsert_customers(list(good.values()), clock.now())
        rejected |= {places[i]: errors for i, errors in result.rejected.items()}
        return Response(bulk_body(len(good) - len(result.rejected), rejected))


class CustomerView(APIView):
    """One customer."""

    scopes = {
        "GET": Scope.CUSTOMERS_READ,
        "PUT": Scope.CUSTOMERS_WRITE,
        "PATCH": Scope.CUSTOMERS_WRITE,
    }

    @extend_schema(
        operation_id="get_customer",
        parameters=[CUSTOMER],
        responses={200: CustomerAnswerSerializer, **PROBLEMS},
    )
    def get(self, request: Request, customer: str) -> Response:
        """Return the customer."""
        return Response(CustomerAnswerSerializer(_find(customer)).data)

    @extend_schema(
        operation_id="put_customer",
        parameters=[CUSTOMER, PARAMETER],
        request=CustomerSerializer,
        responses={200: CustomerAnswerSerializer, 201: CustomerAnswerSerializer, **PROBLEMS},
    )
    @idempotent
    def put(self, request: Request, customer: str) -> Response:
        """Create the customer or replace it whole: what is absent is cleared."""
        return _write(customer, request.data, replace=True)

    @extend_schema(
        operation_id="patch_customer",
        parameters=[CUSTOMER, PARAMETER],
        request=CustomerSerializer,
        responses={200: CustomerAnswerSerializer, **PROBLEMS},
    )
    @idempotent
    def patch(self, request: Request, customer: str) -> Response:
        """Change what is sent: absent fields stay, null clears."""
        return _write(_find(customer).external_id, request.data, replace=False)


def _find(external_id: str) -> Customer:
    customer = selectors.by_external_id(external_id)
    if customer is None:
        raise Problem(404, "unknown-customer", _("There is no customer with this id"))
    return customer


def _write(external_id: str, data: Any, *, replace: bool) -> Response:
    body = dict(data) if isinstance(data, Mapping) else data
    if isinstance(body, dict) and body.setdefault("external_id", external_id) != external_id:
        raise serializers.ValidationError({"external_id": [_("Differs from the id in the address.")]})
    row = CustomerRowSerializer(data=body)
    row.is_valid(raise_exception=True)
    result = services.upsert_customers([row.validated_data], clock.now(), replace=replace)
    if result.rejected:
        raise serializers.ValidationError(result.rejected[0])
    stored = Customer.objects.get(pk=result.ids[external_id])
    return Response(CustomerAnswerSerializer(stored).data, status=201 if result.created else 200)


urlpatterns = [
    re_path(r"^customers/?$", CustomersView.as_view(), name="api-customers"),
    re_path(r"^customers/(?P<customer>[^/]+)/?$", CustomerView.as_view(), name="api-customer"),
]
