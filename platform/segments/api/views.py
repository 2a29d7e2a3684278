"""Making, reading, changing and removing segments."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock, idempotency
from core.openapi import PAGE_PARAMETERS
from core.pagination import CursorPagination
from core.problems import Problem
from segments import dispatch
from segments.api.serializers import SegmentIn, SegmentOut, SegmentPage
from segments.api.shared import caller, page, problems, segment_of
from segments.models import Segment
from segments.services import delete_segment, save_segment

_KIND = "A list stays a list, and a segment by rule one by rule. Make another segment."


class ByNewest(CursorPagination):
    """Segments, those made last first."""

    ordering = "-id"


class SegmentList(APIView):
    """All segments, and new ones."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ, "POST": Scope.SEGMENTS_WRITE}

    @extend_schema(operation_id="segments_list", parameters=PAGE_PARAMETERS, responses=SegmentPage)
    def get(self, request: Request) -> Response:
        """List the segments."""
        return page(self, ByNewest(), Segment.objects.all(), SegmentOut, request)

    @extend_schema(
        operation_id="segments_create",
        parameters=[idempotency.PARAMETER],
        request=SegmentIn,
        responses={201: SegmentOut},
    )
    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        """Make a segment. One by rule is counted in the background; a list begins empty."""
        body = SegmentIn(data=request.data)
        body.is_valid(raise_exception=True)
        segment = Segment(**body.validated_data)
        _save(segment, request)
        return Response(SegmentOut(segment).data, status=201)


class SegmentDetail(APIView):
    """One segment."""

    scopes: ClassVar = {
        "GET": Scope.SEGMENTS_READ,
        "PUT": Scope.SEGMENTS_WRITE,
        "PATCH": Scope.SEGMENTS_WRITE,
        "DELETE": Scope.SEGMENTS_WRITE,
    }

    @extend_schema(operation_id="segments_read", responses=SegmentOut)
    def get(self, request: Request, id: str) -> Response:
        """Read a segment."""
        return Response(SegmentOut(segment_of(id)).data)

    @extend_schema(operation_id="segments_replace", request=SegmentIn, responses=SegmentOut)
    def put(self, request: Request, id: str) -> Response:
        """Replace a segment's name, description and rule."""
        return self._change(request, id, partial=False)

    @extend_schema(operation_id="segments_change", request=SegmentIn(partial=True), responses=SegmentOut)
    def patch(self, request: Request, id: str) -> Response:
        """Change what is given. A changed rule is a new version and is counted in the background."""
        return self._change(request, id, partial=True)

    @extend_schema(
        operation_id="segments_delete",
        parameters=[OpenApiParameter("force", bool, description="Also when other segments name it.")],
        responses={204: None},
    )
    def delete(self, request: Request, id: str) -> Response:
        """Remove a segment with its history; 409 while other segments or campaigns use it."""
        force = request.query_params.get("force", "").lower() in ("1", "true")
        with problems():
            delete_segment(segment_of(id), now=clock.now(), actor=caller(request), force=force)
        return Response(status=204)

    def _change(self, request: Request, id: str, *, partial: bool) -> Response:
        segment = segment_of(id)
        body = SegmentIn(segment, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(body.validated_data)
        if changes["kind"] != segment.kind:
            raise Problem(422, "invalid-rule", "The rule cannot be used", _KIND, path="kind")
        for name, value in changes.items():
            setattr(segment, name, value)
        _save(segment, request)
        return Response(SegmentOut(segment).data)


def _save(segment: Segment, request: Request) -> None:
    with problems():
        save_segment(segment, now=clock.now(), actor=caller(request))
    if segment.kind == Segment.Kind.DYNAMIC:
        dispatch.refresh(segment.slug)
