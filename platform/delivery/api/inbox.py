"""REST: what waits for a customer on site, and what he or she did with it."""

from typing import Any
from uuid import UUID

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.openapi import PROBLEMS
from core.problems import Problem
from core.serializers import ObjectField, StrictSerializer
from customers.api.records import CUSTOMER, find
from delivery.endpoints.inbox import ACTS, acknowledge, waiting

LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20})


class OnsiteMessageSerializer(serializers.Serializer[Any]):
    """A message to show on your site or in your app."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    image = serializers.CharField()
    data = ObjectField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    shown_at = serializers.DateTimeField(allow_null=True)
    clicked_at = serializers.DateTimeField(allow_null=True)


class InboxSerializer(serializers.Serializer[Any]):
    """What waits, the newest first."""

    messages = OnsiteMessageSerializer(many=True)


class ActSerializer(StrictSerializer):
    """What the customer did."""

    act = serializers.ChoiceField(list(ACTS))


class InboxView(APIView):
    """A customer's inbox."""

    scopes = {"GET": Scope.MESSAGES_READ}

    @extend_schema(
        operation_id="get_inbox",
        parameters=[CUSTOMER, LIMIT],
        responses={200: InboxSerializer, **PROBLEMS},
    )
    def get(self, request: Request, customer: str) -> Response:
        """Return the messages to show; those put away or expired are not among them."""
        field = serializers.IntegerField(min_value=1, max_value=100)
        try:
            limit = field.run_validation(request.query_params.get("limit", 20))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"limit": error.detail}) from error
        found = waiting(find(customer).pk, now=clock.now(), limit=limit)
        return Response(InboxSerializer({"messages": found}).data)


class ActView(APIView):
    """What became of a message on site."""

    scopes = {"POST": Scope.MESSAGES_WRITE}

    @extend_schema(
        operation_id="acknowledge_message",
        parameters=[CUSTOMER],
        request=ActSerializer,
        responses={204: None, **PROBLEMS},
    )
    def post(self, request: Request, customer: str, id: UUID) -> Response:
        """Tell that the message was shown, clicked or dismissed. A repeat changes nothing."""
        given = ActSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        done = acknowledge(find(customer).pk, id, given.validated_data["act"], now=clock.now())
        if done is None:
            raise Problem(404, "unknown-message", _("There is no message with this id"))
        return Response(status=204)


urlpatterns = [
    re_path(r"^customers/(?P<customer>[^/]+)/messages/?$", InboxView.as_view(), name="api-inbox"),
    re_path(
        r"^customers/(?P<customer>[^/]+)/messages/(?P<id>[0-9a-f]{8}-[0-9a-f-]{27})/?$",
        ActView.as_view(),
        name="api-inbox-act",
    ),
]
