"""REST: ask a customer by mail to confirm a consent."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
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
from core.serializers import StrictSerializer
from customers.api.records import CUSTOMER, find
from delivery import dispatch
from delivery.preferences.opt_in import OptInRefused, ask, run_of


class ConsentRequestSerializer(StrictSerializer):
    """What the customer is asked to agree to, and where that was wished for (kept as proof)."""

    topic = serializers.RegexField(r"^[a-z][a-z0-9_-]*$", max_length=50, default="marketing")
    source = serializers.CharField(max_length=50)


class ConsentRequestAnswer(serializers.Serializer[Any]):
    """An open question. The consent counts once it is confirmed."""

    id = serializers.UUIDField()
    topic = serializers.CharField()
    requested_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ConsentRequestView(APIView):
    """Double opt-in."""

    scopes = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="request_consent",
        parameters=[CUSTOMER, PARAMETER],
        request=ConsentRequestSerializer,
        responses={202: ConsentRequestAnswer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, customer: str) -> Response:
        """Mail the customer a link to confirm by. Within an hour a repeat sends no further mail."""
        person = find(customer)
        body = ConsentRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            opt_in = ask(person, now=clock.now(), **body.validated_data)
        except OptInRefused as refused:
            raise Problem(
                409, "cannot-be-asked", _("The customer cannot be asked"), str(refused)
            ) from refused
        dispatch.wake(run_of(opt_in).pk, workers=1)
        return Response(ConsentRequestAnswer(opt_in).data, status=202)


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/consent-requests/?$",
        ConsentRequestView.as_view(),
        name="api-consent-requests",
    )
]
