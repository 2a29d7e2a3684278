"""Who is in a segment, and how its refreshes went."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock, idempotency
from core.openapi import PAGE_PARAMETERS
from core.pagination import CursorPagination
from segments import lists, selectors
from segments.api.serializers import MemberOut, MemberPage, MembersIn, MembersOut, RunOut, RunPage
from segments.api.shared import caller, page, problems, segment_of


class ByEntry(CursorPagination):
    """Members in the order in which they came."""

    ordering = "id"


class ByLatest(CursorPagination):
    """Refreshes, the latest first."""

    ordering = "-id"


class SegmentMembers(APIView):
    """Who is in a segment."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ, "POST": Scope.SEGMENTS_WRITE}

    @extend_schema(operation_id="segments_members", parameters=PAGE_PARAMETERS, responses=MemberPage)
    def get(self, request: Request, id: str) -> Response:
        """List the members as the last refresh found them."""
        return page(self, ByEntry(), selectors.members(segment_of(id)), MemberOut, request)

    @extend_schema(
        operation_id="segments_members_change",
        parameters=[idempotency.PARAMETER],
        request=MembersIn,
        responses=MembersOut,
    )
    @idempotency.idempotent
    def post(self, request: Request, id: str) -> Response:
        """Add customers to a list and take others out, by customer id or e-mail address."""
        segment = segment_of(id)
        body = MembersIn(data=request.data)
        body.is_valid(raise_exception=True)
        given, now, who = body.validated_data, clock.now(), caller(request)
        with problems():
            # One of them is done in any case, and says the size.
            done = [lists.add(segment, given["add"], now=now, actor=who)] if given["add"] else []
            if given["remove"] or not done:
                done.append(lists.remove(segment, given["remove"], now=now, actor=who))
        answer: dict[str, Any] = {
            "entered": sum(one["entered"] for one in done),
            "left": sum(one["left"] for one in done),
            "size": done[-1]["size"],
            "unknown": [reference for one in done for reference in one["unknown"]],
        }
        return Response(answer)


class SegmentRuns(APIView):
    """How the refreshes of a segment went."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_runs", parameters=PAGE_PARAMETERS, responses=RunPage)
    def get(self, request: Request, id: str) -> Response:
        """List the refreshes with their duration and what went wrong."""
        return page(self, ByLatest(), segment_of(id).runs.all(), RunOut, request)
