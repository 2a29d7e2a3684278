"""Segments in the REST interface."""

from typing import Any, ClassVar

from django.http import Http404
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.pagination import CursorPagination as BaseCursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock, idempotency
from core.openapi import PAGE_PARAMETERS
from core.pagination import CursorPagination
from core.problems import Problem
from core.serializers import StrictSerializer
from segments import dispatch, selectors
from segments.explain import explain
from segments.models import Segment, SegmentMembership
from segments.preview import preview
from segments.rules import RuleError
from segments.services import SlugTakenError, save_segment


class RuleIn(StrictSerializer):
    """A rule to look at."""

    rule = serializers.JSONField()


class SegmentIn(StrictSerializer):
    """A new segment."""

    name = serializers.CharField(max_length=150)
    slug = serializers.SlugField(max_length=100, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    rule = serializers.JSONField()


class SegmentOut(serializers.Serializer[Segment]):
    """A segment; `size` is null until it was counted."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    kind = serializers.CharField()
    rule = serializers.JSONField()
    sentence = serializers.SerializerMethodField()
    version = serializers.IntegerField()
    ready_made = serializers.BooleanField()
    size = serializers.IntegerField(allow_null=True)
    refreshed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_name(self, segment: Segment) -> str:
        """Return the name in the caller's language."""
        return selectors.display_name(segment)

    def get_description(self, segment: Segment) -> str:
        """Return the description in the caller's language."""
        return selectors.display_description(segment)

    def get_sentence(self, segment: Segment) -> str:
        """Return the rule in words; empty for a list."""
        try:
            return explain(segment.rule) if segment.kind == Segment.Kind.DYNAMIC else ""
        except RuleError:
            return ""


class PreviewOut(serializers.Serializer[Any]):
    """What a rule finds."""

    size = serializers.IntegerField()
    reachable = serializers.IntegerField()
    sample = serializers.ListField(child=serializers.DictField())
    ms = serializers.IntegerField()


class MemberOut(serializers.Serializer[SegmentMembership]):
    """A customer in a segment."""

    customer = serializers.CharField(source="customer.external_id")
    entered_at = serializers.DateTimeField()


class _Page(serializers.Serializer[Any]):
    """One page of a list, with the addresses of its neighbours."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class SegmentPage(_Page):
    """One page of the segments."""

    results = SegmentOut(many=True)


class MemberPage(_Page):
    """One page of a segment's members."""

    results = MemberOut(many=True)


class ByNewest(CursorPagination):
    """Segments, those made last first."""

    ordering = "-id"


class ByEntry(CursorPagination):
    """Members in the order in which they came."""

    ordering = "id"


class SegmentList(APIView):
    """All segments, and new ones."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ, "POST": Scope.SEGMENTS_WRITE}

    @extend_schema(operation_id="segments_list", parameters=PAGE_PARAMETERS, responses=SegmentPage)
    def get(self, request: Request) -> Response:
        """List the segments."""
        return _page(self, ByNewest(), Segment.objects.all(), SegmentOut, request)

    @extend_schema(
        operation_id="segments_create",
        parameters=[idempotency.PARAMETER],
        request=SegmentIn,
        responses={201: SegmentOut},
    )
    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        """Make a segment by rule; it is counted in the background."""
        body = SegmentIn(data=request.data)
        body.is_valid(raise_exception=True)
        segment = Segment(kind=Segment.Kind.DYNAMIC, **body.validated_data)
        try:
            save_segment(segment, now=clock.now(), actor=str(getattr(request.auth, "name", "")))
        except RuleError as error:
            raise _rule_problem(error) from error
        except SlugTakenError as error:
            raise Problem(409, "slug-taken", "The short name is taken", str(error)) from error
        dispatch.refresh(segment.slug)
        return Response(SegmentOut(segment).data, status=201)


class SegmentPreview(APIView):
    """What a rule finds, before it is saved."""

    scopes: ClassVar = {"POST": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_preview", request=RuleIn, responses=PreviewOut)
    def post(self, request: Request) -> Response:
        """Count who fits a rule, at the shop's present."""
        body = RuleIn(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            return Response(preview(body.validated_data["rule"], as_of=clock.knowledge_now()))
        except RuleError as error:
            raise _rule_problem(error) from error


class SegmentMembers(APIView):
    """Who is in a segment."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_members", parameters=PAGE_PARAMETERS, responses=MemberPage)
    def get(self, request: Request, id: str) -> Response:
        """List the members as the last refresh found them."""
        segment = Segment.objects.filter(pk=id).first()
        if segment is None:
            raise Http404
        return _page(self, ByEntry(), selectors.members(segment), MemberOut, request)


def _page(
    view: APIView, pages: BaseCursorPagination, rows: Any, serializer: Any, request: Request
) -> Response:
    page: Any = pages.paginate_queryset(rows, request, view=view)
    return pages.get_paginated_response(serializer(page, many=True).data)


def _rule_problem(error: RuleError) -> Problem:
    return Problem(422, "invalid-rule", "The rule cannot be used", error.message, path=error.path)


_ID = r"(?P<id>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"

urlpatterns = [
    re_path(r"^segments/?$", SegmentList.as_view(), name="api-segments"),
    re_path(r"^segments/preview/?$", SegmentPreview.as_view(), name="api-segments-preview"),
    re_path(rf"^segments/{_ID}/members/?$", SegmentMembers.as_view(), name="api-segment-members"),
]
