"""The addresses of Segment's HTTP tracking API: `/v1/track`, `/v1/batch` and the others."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import ApiKeyAuthentication, WriteKeyAuthentication
from accounts.models import Scope
from core import clock
from core.bulk import MAX_ROWS
from core.openapi import PROBLEMS
from core.problems import Problem
from core.serializers import RowErrorSerializer
from integrations.segment_calls.calls import KINDS, SHORT
from integrations.segment_calls.parsers import CallParser, PlainTextParser
from integrations.segment_calls.services import Taken, take


class TakenSerializer(serializers.Serializer[Any]):
    """Segment's answer; what was not taken is added."""

    success = serializers.BooleanField()
    rejected = RowErrorSerializer(many=True, required=False)
    ignored = RowErrorSerializer(many=True, required=False, help_text="Traits that were not stored.")
    quarantined = serializers.ListField(child=serializers.DictField(), required=False)


class SegmentView(APIView):
    """One kind of call, or a batch of them."""

    authentication_classes = [ApiKeyAuthentication, WriteKeyAuthentication]
    parser_classes = [CallParser, PlainTextParser]
    scopes = {"POST": Scope.EVENTS_WRITE}
    publishable = True

    @extend_schema(
        summary="A call of Segment's HTTP tracking API, or a batch",
        request={"application/json": OpenApiTypes.OBJECT},
        responses={200: TakenSerializer, **PROBLEMS},
    )
    def post(self, request: Request, call: str) -> Response:
        """Take it; the write key is the user name of Basic authentication or `writeKey` in the body.

        Good messages of a batch are kept when others are bad.
        """
        kind = SHORT.get(call, call)
        body = request.data
        if not isinstance(body, dict):
            raise _malformed(_("Send an object."))
        now = clock.now()
        if kind == "batch":
            messages = body.get("batch")
            if not isinstance(messages, list) or not 1 <= len(messages) <= MAX_ROWS:
                raise _malformed(_("Send 1 to %(max)d messages as “batch”.") % {"max": MAX_ROWS})
            taken = take(messages, request.auth, now, sent_at=body.get("sentAt"), context=body.get("context"))
        else:
            taken = take([body], request.auth, now, kind=kind)
        return Response(_answer(taken, one=kind != "batch"))


def _answer(taken: Taken, *, one: bool) -> dict[str, Any]:
    if taken.rejected and not taken.accepted:
        errors = taken.rejected[0] if one else _rows(taken.rejected)
        raise Problem(400, "invalid-call", _("Nothing was taken"), _("See what is wrong."), errors=errors)
    body: dict[str, Any] = {"success": True}
    if taken.rejected:
        body["rejected"] = _rows(taken.rejected)
    if taken.ignored:
        body["ignored"] = _rows(taken.ignored)
    if taken.quarantined:
        body["quarantined"] = [{"index": i, "reason": r} for i, r in sorted(taken.quarantined.items())]
    return body


def _rows(errors: dict[int, Any]) -> list[dict[str, Any]]:
    return [{"index": place, "errors": errors[place]} for place in sorted(errors)]


def _malformed(detail: str) -> Problem:
    return Problem(400, "invalid-call", _("The body has another shape"), detail)


_NAMES = "|".join([*KINDS, "batch", *SHORT])
urlpatterns = [re_path(rf"^v1/(?P<call>{_NAMES})/?$", SegmentView.as_view(), name="segment-call")]
