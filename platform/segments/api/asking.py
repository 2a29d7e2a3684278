"""Questions about rules: what they find, what they say, and why somebody fits."""

from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.problems import Problem
from customers.selectors import by_external_id
from segments import schema as language
from segments.api.serializers import OverlapOut, PreviewOut, RuleIn, SentenceOut, WhyOut
from segments.api.shared import problems, segment_of, withheld
from segments.compiler import compile_rule
from segments.explain import explain
from segments.models import Segment
from segments.overlap import overlap
from segments.preview import preview
from segments.why import why


class SegmentSchema(APIView):
    """What rules can be made of."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Return fields, operators, events, measures and limits, in the caller's language."""
        return Response(language.schema())


def _rule(request: Request) -> Any:
    body = RuleIn(data=request.data)
    body.is_valid(raise_exception=True)
    return body.validated_data["rule"]


class SegmentPreview(APIView):
    """What a rule finds, before it is saved."""

    scopes: ClassVar = {"POST": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_preview", request=RuleIn, responses=PreviewOut)
    def post(self, request: Request) -> Response:
        """Count who fits a rule and each of its parts, at the shop's present.

        The sample needs the scope `customers:read` too; without it, it is null and `withheld` says so.
        """
        rule = _rule(request)
        with problems():
            found = preview(rule, as_of=clock.knowledge_now())
        kept_back = withheld(request, "sample")
        if kept_back:
            found["sample"] = None
        return Response(found | {"withheld": kept_back})


class SegmentExplain(APIView):
    """What a rule says."""

    scopes: ClassVar = {"POST": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_explain", request=RuleIn, responses=SentenceOut)
    def post(self, request: Request) -> Response:
        """Check a rule and say it in words, without counting."""
        rule = _rule(request)
        with problems():
            compile_rule(rule, as_of=clock.knowledge_now())
            return Response({"sentence": explain(rule)})


class SegmentOverlap(APIView):
    """What a rule shares with the segments there are."""

    scopes: ClassVar = {"POST": Scope.SEGMENTS_READ}

    @extend_schema(operation_id="segments_overlap", request=RuleIn, responses=OverlapOut)
    def post(self, request: Request) -> Response:
        """Count whom a rule finds in each segment, as the last refreshes left them."""
        rule = _rule(request)
        with problems():
            return Response(overlap(rule, as_of=clock.knowledge_now()))


class SegmentWhy(APIView):
    """Why a customer is in a segment, or not."""

    scopes: ClassVar = {"GET": Scope.SEGMENTS_READ}

    @extend_schema(
        operation_id="segments_why",
        parameters=[OpenApiParameter("customer", str, required=True, description="The customer id.")],
        responses=WhyOut,
    )
    def get(self, request: Request, id: str) -> Response:
        """Say for each condition whether it fits the customer, and what was found.

        What was found needs the scope `customers:read` too; without it every value is null and `withheld`
        says so.
        """
        segment = segment_of(id)
        reference = request.query_params.get("customer", "")
        customer = by_external_id(reference) if reference else None
        if customer is None:
            raise Problem(404, "not-found", "Not found", "No customer has this id. Give it as ?customer=…")
        stay = segment.memberships.filter(customer=customer, left_at=None).first()
        answer = {
            "customer": customer.external_id,
            "member": stay is not None,
            "listed": stay is not None,
            "entered_at": stay.entered_at if stay else None,
            "tree": None,
            "withheld": [],
        }
        if segment.kind == Segment.Kind.DYNAMIC:
            with problems():
                found = why(segment.rule, [customer.pk], as_of=clock.knowledge_now(), slug=segment.slug)
            answer |= found[customer.pk] | {"withheld": withheld(request, "value")}
            if answer["withheld"]:
                _without_values(answer["tree"])
        return Response(WhyOut(answer).data)


def _without_values(node: dict[str, Any]) -> None:
    node["value"] = None
    for part in node["parts"]:
        _without_values(part)
