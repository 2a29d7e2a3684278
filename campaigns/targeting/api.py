"""REST: plans of offers, what they would do, and what came of them; past offers."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.coupons.models import CouponPool
from campaigns.targeting import effects, history, making, selectors
from campaigns.targeting.errors import PlanNotReady
from campaigns.targeting.models import OfferPlan, PlannedOffer
from campaigns.targeting.words import sentence
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.lookups import by_uuid
from core.pagination import CursorPagination
from core.problems import Problem
from core.serializers import StrictSerializer
from segments.models import Segment


class ValueSerializer(StrictSerializer):
    """A value that may be given."""

    pool = serializers.PrimaryKeyRelatedField(
        queryset=CouponPool.objects.select_related("promotion"), pk_field=serializers.UUIDField()
    )
    segment = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Segment.objects.all(),
        required=False,
        allow_null=True,
        help_text="Only its members may get it.",
    )
    worth = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="What a use costs, where the benefit is neither a percentage nor an amount.",
    )


class NewPlanSerializer(StrictSerializer):
    """A plan to be made."""

    slug = serializers.SlugField(max_length=100)
    name = serializers.CharField(max_length=150)
    segment = serializers.SlugRelatedField(
        slug_field="slug", queryset=Segment.objects.all(), required=False, allow_null=True
    )
    method = serializers.ChoiceField(OfferPlan.Method.choices, required=False)
    budget = serializers.DecimalField(max_digits=15, decimal_places=2, min_value=0)
    basis = serializers.ChoiceField(OfferPlan.Basis.choices, required=False)
    margin_share = serializers.DecimalField(max_digits=5, decimal_places=4, min_value=0, max_value=1)
    response = serializers.FloatField(min_value=0, max_value=3, required=False)
    holdout_share = serializers.DecimalField(
        max_digits=4, decimal_places=3, min_value=Decimal("0.01"), max_value=Decimal("0.5"), required=False
    )
    window_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    values = ValueSerializer(many=True, allow_empty=False)


class PlanSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """A plan, and in `summary` what it is expected to do."""

    segment = serializers.SlugRelatedField[Segment](slug_field="slug", read_only=True, allow_null=True)
    job = serializers.PrimaryKeyRelatedField[Any](read_only=True, allow_null=True)

    class Meta:
        model = OfferPlan
        fields = (
            "id", "slug", "name", "segment", "method", "budget", "basis", "currency", "margin_share",
            "response", "holdout_share", "window_days", "summary", "job", "as_of", "computed_at",
            "launched_at", "created_at",
        )  # fmt: skip


class PlannedSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """What one person gets, and why."""

    customer = serializers.SlugRelatedField[Any](slug_field="external_id", read_only=True)
    pool = serializers.SerializerMethodField()
    words = serializers.SerializerMethodField()

    class Meta:
        model = PlannedOffer
        fields = ("customer", "pool", "held_out", "gain", "cost", "why", "words", "facts")

    def get_pool(self, offer: PlannedOffer) -> str | None:
        """Return the pool's name; null for nothing."""
        return str(offer.value) if offer.value else None

    def get_words(self, offer: PlannedOffer) -> str:
        """Return the reason in a sentence."""
        return sentence(offer)


class PlansView(ListAPIView):  # type: ignore[type-arg]
    """The plans."""

    scopes = {"GET": Scope.CAMPAIGNS_READ, "POST": Scope.CAMPAIGNS_WRITE}
    serializer_class = PlanSerializer
    pagination_class = CursorPagination
    queryset = OfferPlan.objects.select_related("segment")

    @extend_schema(operation_id="list_offer_plans", summary="List offer plans")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the plans, page by page."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_offer_plan",
        parameters=[PARAMETER],
        summary="Make a plan and compute it",
        request=NewPlanSerializer,
        responses={201: PlanSerializer},
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store the plan and start the job that computes it."""
        form = NewPlanSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        now = clock.now()
        try:
            with transaction.atomic():
                plan = making.create_plan(user=None, now=now, actor=_actor(request), **form.validated_data)
                making.begin_computing(plan, now=now, actor=_actor(request))
                plan.refresh_from_db()
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        return Response(PlanSerializer(plan).data, status=201)


class PlanView(APIView):
    """One plan."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(operation_id="read_offer_plan", summary="Read an offer plan", responses=PlanSerializer)
    def get(self, request: Request, plan_id: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with the plan, its figures, and its curve of gain against budget."""
        return Response(PlanSerializer(_plan(plan_id)).data)


class ComputeView(APIView):
    """Compute once more."""

    scopes = {"POST": Scope.CAMPAIGNS_WRITE}

    @extend_schema(
        operation_id="compute_offer_plan",
        parameters=[PARAMETER],
        summary="Compute an offer plan again",
        request=None,
        responses={202: PlanSerializer},
    )
    @idempotent
    def post(self, request: Request, plan_id: str, *args: Any, **kwargs: Any) -> Response:
        """Start the job; who is held out stays held out."""
        plan, now = _plan(plan_id), clock.now()
        try:
            plan.job = making.begin_computing(plan, now=now, actor=_actor(request))
        except PlanNotReady as error:
            title = _("The plan cannot be computed now")
            raise Problem(409, "plan-launched", title, str(error)) from error
        return Response(PlanSerializer(plan).data, status=202)


class PlannedView(ListAPIView):  # type: ignore[type-arg]
    """Who gets what."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}
    serializer_class = PlannedSerializer
    pagination_class = CursorPagination
    queryset = PlannedOffer.objects.none()

    @extend_schema(
        operation_id="list_planned_offers",
        summary="Read who gets what, and why",
        parameters=[
            OpenApiParameter("why", OpenApiTypes.STR, enum=PlannedOffer.Why.values),
            OpenApiParameter("held_out", OpenApiTypes.BOOL),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer page by page, also with those who get nothing."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        """Return the plan's rows, narrowed as asked."""
        rows = selectors.offers(_plan(self.kwargs["plan_id"])).select_related("plan")
        asked = self.request.query_params
        if "why" in asked:
            rows = rows.filter(why=asked["why"])
        if "held_out" in asked:
            rows = rows.filter(held_out=asked["held_out"].lower() in ("true", "1"))
        return rows


class EffectView(APIView):
    """What came of a plan."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(
        operation_id="offer_plan_effect",
        summary="Read what an offer plan brought against those left alone",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, plan_id: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with rates, their difference with its interval, and margin; 409 before the launch."""
        found = effects.effect(_plan(plan_id), now=clock.now())
        if found is None:
            title = _("Nothing can have come of it yet")
            raise Problem(409, "plan-not-launched", title, _("Launch its campaign first."))
        return Response(found.as_json())


class PastOffersView(APIView):
    """Offers of the past that came with an import."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(
        operation_id="list_past_offers",
        summary="List past offers: who was given them, who redeemed",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Answer with one row a campaign of the shop's history, the oldest first."""
        return Response([one.as_json() for one in history.past_offers()])


def _plan(text: str) -> OfferPlan:
    return by_uuid(OfferPlan.objects.select_related("segment"), text)


def _actor(request: Request) -> str:
    return f"API key {getattr(request.auth, 'name', '')}"


_ONE = r"^offer-plans/(?P<plan_id>[^/]+)"
urlpatterns = [
    re_path(r"^past-offers/?$", PastOffersView.as_view(), name="api-past-offers"),
    re_path(r"^offer-plans/?$", PlansView.as_view(), name="api-offer-plans"),
    re_path(rf"{_ONE}/?$", PlanView.as_view(), name="api-offer-plan"),
    re_path(rf"{_ONE}/compute/?$", ComputeView.as_view(), name="api-offer-plan-compute"),
    re_path(rf"{_ONE}/offers/?$", PlannedView.as_view(), name="api-offer-plan-offers"),
    re_path(rf"{_ONE}/effect/?$", EffectView.as_view(), name="api-offer-plan-effect"),
]
