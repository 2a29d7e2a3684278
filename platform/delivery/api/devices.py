"""REST: the devices on which a customer's app takes push messages."""

from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.openapi import PROBLEMS
from core.serializers import StrictSerializer
from customers.api.records import CUSTOMER, find
from delivery.endpoints.devices import register, unregister
from delivery.models import PushToken

_TOKEN = r"^[!-~]+$"  # noqa: S105  a pattern


class DeviceSerializer(StrictSerializer):
    """A device, as its app knows it."""

    token = serializers.RegexField(_TOKEN, max_length=4096, help_text="FCM's registration token.")
    platform = serializers.ChoiceField(PushToken.Platform.choices)


class GoneSerializer(StrictSerializer):
    """A device that shall take no more."""

    token = serializers.RegexField(_TOKEN, max_length=4096)


class DevicesView(APIView):
    """A customer's devices."""

    scopes = {"PUT": Scope.CUSTOMERS_WRITE, "DELETE": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="put_device",
        parameters=[CUSTOMER],
        request=DeviceSerializer,
        responses={204: None, **PROBLEMS},
    )
    def put(self, request: Request, customer: str) -> Response:
        """Register a device. It takes this customer's messages and nobody else's from now on."""
        given = DeviceSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        register(find(customer).pk, **given.validated_data, now=clock.now())
        return Response(status=204)

    @extend_schema(
        operation_id="delete_device",
        parameters=[CUSTOMER],
        request=GoneSerializer,
        responses={204: None, **PROBLEMS},
    )
    def delete(self, request: Request, customer: str) -> Response:
        """Take a device away, as after a sign-out. One that was not there is no error."""
        given = GoneSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        unregister(find(customer).pk, given.validated_data["token"])
        return Response(status=204)


urlpatterns = [
    re_path(r"^customers/(?P<customer>[^/]+)/devices/?$", DevicesView.as_view(), name="api-devices")
]
