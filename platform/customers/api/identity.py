"""REST: two customers who are one person."""

from typing import Any

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
from customers.api.records import CUSTOMER, actor, find
from customers.identity import merging
from customers.models import CustomerMerge


class MergeInSerializer(StrictSerializer):
    """Whom to merge into the customer."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the field, whose name is a word of Python."""
        return {"from": serializers.CharField(max_length=200)}


class MergeSerializer(serializers.Serializer[Any]):
    """A merge. The id of the merged customer is from now on another name of the kept one."""

    id = serializers.IntegerField()
    kept = serializers.CharField(source="kept.external_id")
    merged = serializers.CharField(source="merged_external_id")
    merged_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)


class MergeView(APIView):
    """Merge another customer into this one."""

    scopes = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="merge_customers",
        parameters=[CUSTOMER, PARAMETER],
        request=MergeInSerializer,
        responses={200: MergeSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, customer: str) -> Response:
        """Make the customer named by `from` part of this one, with everything that is known."""
        body = MergeInSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            merge = merging.merge(
                find(customer),
                find(body.validated_data["from"]),
                now=clock.now(),
                actor=actor(request),
                reason=merging.BY_PARTNER,
            )
        except merging.MergeRefused as error:
            raise Problem(409, "merge-refused", _("The two were not merged"), str(error)) from error
        return Response(MergeSerializer(merge).data)


class UndoView(APIView):
    """Take a merge back."""

    scopes = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="undo_merge",
        parameters=[PARAMETER],
        request=None,
        responses={200: MergeSerializer, **PROBLEMS},
    )
    @idempotent
    def post(self, request: Request, merge: int) -> Response:
        """Restore both customers as they were; what came since goes to whose identifier it came by."""
        record = CustomerMerge.objects.filter(pk=merge).first()
        if record is None:
            raise Problem(404, "unknown-merge", _("There is no merge with this id"))
        try:
            merging.undo(record, now=clock.now(), actor=actor(request))
        except merging.MergeRefused as error:
            raise Problem(409, "undo-refused", _("The merge was not undone"), str(error)) from error
        return Response(MergeSerializer(CustomerMerge.objects.get(pk=merge)).data)
