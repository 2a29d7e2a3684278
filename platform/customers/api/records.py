"""REST: customers, one or a thousand."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
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
from core.serializers import BulkResultSerializer
from customers import dispatch, erasure, selectors, services
from customers.api.serializers import CustomerAnswerSerializer, CustomerRowSerializer, CustomerSerializer
from customers.identity.kinds import REFERENCES
from customers.models import Customer, ErasureRequest

CUSTOMER = path_parameter("customer", "Your id of the customer.")
_FIND = "Found by keyed hash, so exactly."
_LOOKUPS = [kind.value for kind in REFERENCES if kind not in ("household", "device")]


class FoundSerializer(serializers.Serializer[Any]):
    """Who was found: one customer or none."""

    results = CustomerAnswerSerializer(many=True)


class ErasureSerializer(serializers.ModelSerializer[ErasureRequest]):
    """A wish to be forgotten, and how far it is."""

    class Meta:
        model = ErasureRequest
        fields = ["id", "state", "requested_at", "finished_at", "rows"]


class CustomersView(APIView):
    """Many customers at once."""

    scopes = {"GET": Scope.CUSTOMERS_READ, "POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="find_customers",
        parameters=[OpenApiParameter(kind, str, description=_FIND) for kind in _LOOKUPS],
        responses={200: FoundSerializer, **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """Find who has an identifier, exactly: `?email=`, `?phone=`, `?wechat_openid=` …

        Nobody is no error: then `results` is empty.
        """
        asked = {name: value for name, value in request.query_params.items() if name in _LOOKUPS}
        if len(asked) != 1 or len(request.query_params) != 1:
            names = ", ".join(_LOOKUPS)
            raise Problem(
                400,
                "invalid-request",
                _("Name one identifier"),
                _("Ask by exactly one of %(names)s.") % {"names": names},
            )
        ((kind, value),) = asked.items()
        try:
            found = selectors.by_identifier(kind, value)
        except ValueError as error:
            raise serializers.ValidationError({kind: [str(error)]}) from error
        return Response({"results": [CustomerAnswerSerializer(found).data] if found else []})

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
        "DELETE": Scope.CUSTOMERS_WRITE,
    }

    @extend_schema(
        operation_id="get_customer",
        parameters=[CUSTOMER],
        responses={200: CustomerAnswerSerializer, **PROBLEMS},
    )
    def get(self, request: Request, customer: str) -> Response:
        """Return the customer."""
        return Response(CustomerAnswerSerializer(find(customer)).data)

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
        return _write(find(customer).external_id, request.data, replace=False)

    @extend_schema(
        operation_id="erase_customer",
        parameters=[CUSTOMER, PARAMETER],
        request=None,
        responses={202: ErasureSerializer, **PROBLEMS},
    )
    @idempotent
    def delete(self, request: Request, customer: str) -> Response:
        """Forget the person everywhere. Answers at once; `GET /erasures/{id}` says when it is done."""
        asked = erasure.request_erasure(find(customer), now=clock.now(), actor=actor(request))
        dispatch.erase_soon(asked)
        return Response(ErasureSerializer(asked).data, status=202)


def actor(request: Request) -> str:
    """Return the name under which a key's deeds stand in the audit log."""
    return str(getattr(request.auth, "name", ""))


def find(external_id: str) -> Customer:
    """Return the customer of a partner's id, also after a merge, or raise the problem."""
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
