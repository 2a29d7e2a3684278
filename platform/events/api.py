"""REST: events in."""

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.bulk import bulk_body, rows_of
from core.idempotency import PARAMETER, idempotent
from core.openapi import PROBLEMS
from core.serializers import BulkResultSerializer
from core.validation import AMOUNT, QUANTITY
from customers.identity.kinds import REFERENCES
from events.browser import ingest_for
from events.models import INBOUND_TYPES
from events.parsing import DETAILS, FIELDS, NEEDS

_TEXT = {"type": "string", "minLength": 1}
_MONEY: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "properties": {
        "amount": AMOUNT.schema,
        "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
    },
}


def _conditions() -> list[dict[str, Any]]:
    """Return what each type needs as JSON Schema, from the parser's own tables."""
    found = []
    for kind, (name, _) in NEEDS.items():
        found.append((kind, {"required": [name]}))
    for kind, detail in DETAILS.items():
        inside: dict[str, Any] = {"properties": {detail.name: detail.schema}}
        if detail.needed:
            inside["required"] = [detail.name]
        found.append(
            (
                kind,
                {"properties": {"properties": inside}}
                | ({"required": ["properties"]} if detail.needed else {}),
            )
        )
    return [
        {"if": {"properties": {"type": {"const": kind.value}}}, "then": then}  # type: ignore[attr-defined]
        for kind, then in found
    ]


EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["message_id", "type"],
    "additionalProperties": False,
    "properties": {
        "message_id": {**_TEXT, "maxLength": 200, "description": "Your id; repeats of it change nothing."},
        "type": {"enum": [t.value for t in INBOUND_TYPES]},
        "source": {**_TEXT, "maxLength": 50, "description": "The system that saw it. Default: api."},
        "occurred_at": {"type": "string", "format": "date-time", "description": "Default: now."},
        "customer": {
            "description": "Your id of the customer, or an object of what you know them by.",
            "oneOf": [
                {**_TEXT, "maxLength": 200},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {kind.value: {**_TEXT, "maxLength": 254} for kind in REFERENCES},
                },
            ],
        },
        "anonymous_id": {
            **_TEXT,
            "maxLength": 200,
            "description": "The visitor. Beside a customer, what they did before becomes the customer's.",
        },
        "sku": {**_TEXT, "maxLength": 200},
        "order_id": {**_TEXT, "maxLength": 100},
        "quantity": QUANTITY.schema,
        "amount": {**_MONEY, "description": "What was paid, after discounts."},
        "discount": {**_MONEY, "description": "What had been taken off before."},
        "search": {**_TEXT, "maxLength": 500, "description": "The words of an event of type search."},
        "properties": {"type": "object", "description": "What else you know about it."},
    },
    "anyOf": [{"required": ["customer"]}, {"required": ["anonymous_id"]}],
    "allOf": _conditions(),
}
_BATCH = {"type": "array", "items": EVENT_SCHEMA, "minItems": 1, "maxItems": 1000}
BODY_SCHEMA = {
    "oneOf": [
        EVENT_SCHEMA,
        _BATCH,
        {
            "type": "object",
            "required": ["events"],
            "additionalProperties": False,
            "properties": {"events": _BATCH},
        },
    ]
}
assert set(EVENT_SCHEMA["properties"]) == set(FIELDS)  # noqa: S101 (the published schema and the parser)


class QuarantinedSerializer(serializers.Serializer[Any]):
    """An event that was understood but not believed."""

    index = serializers.IntegerField()
    reason = serializers.CharField()


class StubsSerializer(serializers.Serializer[Any]):
    """How many were unknown and now have an incomplete record."""

    customers = serializers.IntegerField()
    products = serializers.IntegerField()


class EventsResultSerializer(BulkResultSerializer):
    """What became of the events."""

    duplicates = serializers.IntegerField()
    quarantined = QuarantinedSerializer(many=True)
    stubs = StubsSerializer()


class EventsView(APIView):
    """What customers did."""

    scopes = {"POST": Scope.EVENTS_WRITE}
    publishable = True

    @extend_schema(
        operation_id="send_events",
        parameters=[PARAMETER],
        request={"application/json": BODY_SCHEMA},
        responses={202: EventsResultSerializer, **PROBLEMS},
        examples=[
            OpenApiExample(
                "A purchase",
                value={
                    "message_id": "order-1001-1",
                    "type": "purchase",
                    "customer": "1029",
                    "sku": "995242",
                    "order_id": "1001",
                    "quantity": 2,
                    "amount": {"amount": "5.98", "currency": "USD"},
                    "occurred_at": "2017-11-06T10:00:00Z",
                },
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Take one event, an array of 1 to 1,000, or {"events": […]}. Bad ones do not keep out the others."""
        rows = rows_of(request.data, "events", single=True)
        result = ingest_for(request.auth, rows, now=clock.now())
        rejected = {r["index"]: r["errors"] for r in result.rejected}
        body = bulk_body(
            result.accepted, rejected, duplicates=result.duplicates, quarantined=result.quarantined
        )
        return Response(body | {"stubs": result.stubs}, status=202)


urlpatterns = [re_path(r"^events/?$", EventsView.as_view(), name="api-events")]
