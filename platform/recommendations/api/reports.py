"""REST: how good lists are, and what measurements changed: the console's pages, for a partner's own reports.

Behind `experiments:read`: a key that stands in a page's source asks for recommendations, not for these.
"""

from typing import Any

from django.urls import re_path
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core.openapi import PAGE_PARAMETERS
from core.pagination import CursorPagination
from recommendations.measured import measured
from recommendations.models import Champion, ColdProduct, StrategyWeek, TuningDecision
from recommendations.quality import selectors
from recommendations.state import serving_versions

_MOST_WEEKS = 104
_MOST_COLD = 500


class StrategyFiguresSerializer(serializers.Serializer[Any]):
    """How good a strategy's lists were for what people bought next, at its last measured training."""

    objective = serializers.CharField()
    users = serializers.IntegerField()
    ndcg10 = serializers.FloatField()
    interval = serializers.ListField(child=serializers.FloatField(), help_text="95 %, of ndcg10.")
    recall10 = serializers.FloatField()
    coverage10 = serializers.FloatField(help_text="Share of the products that any list holds.")
    gini10 = serializers.FloatField(allow_null=True, help_text="0 shows all alike, 1 one product alone.")


class StrategySerializer(serializers.Serializer[Any]):
    """A strategy that serves."""

    key = serializers.CharField()
    name = serializers.CharField()
    family = serializers.CharField()
    version = serializers.UUIDField(help_text="The trained version that serves.")
    as_of = serializers.DateTimeField(help_text="It learned from what came before.")
    champion_of = serializers.ListField(child=serializers.CharField(), help_text="As `email:replenish`.")
    figures = StrategyFiguresSerializer(many=True)


class WeekSerializer(serializers.ModelSerializer[StrategyWeek]):
    """A week of a strategy's answers and messages, and what people did after."""

    strategy = serializers.CharField(source="strategy.key")

    class Meta:
        model = StrategyWeek
        fields = (
            "week", "strategy", "answers", "places", "fallback", "followed", "clicked", "bought", "products",
            "gini",
        )  # fmt: skip


class WeeksQuerySerializer(serializers.Serializer[Any]):
    """How many weeks back."""

    weeks = serializers.IntegerField(min_value=1, max_value=_MOST_WEEKS, default=selectors.WEEKS)


class TuningDecisionSerializer(serializers.ModelSerializer[TuningDecision]):
    """What a measurement changed or would change, with its evidence."""

    class Meta:
        model = TuningDecision
        fields = (
            "id", "kind", "use", "state", "verdict", "reference", "evidence", "expected", "before", "after",
            "changed", "as_of", "created_at", "decided_at", "reverted_at", "reason",
        )  # fmt: skip


class DecisionsQuerySerializer(serializers.Serializer[Any]):
    """Which decisions."""

    kind = serializers.CharField(max_length=30, required=False)
    state = serializers.ChoiceField(choices=TuningDecision.State.values, required=False)


class ColdQuerySerializer(serializers.Serializer[Any]):
    """Which of the products that hardly anybody bought."""

    which = serializers.ChoiceField(choices=["all", "unreached", "listed"], default="all")
    limit = serializers.IntegerField(min_value=1, max_value=_MOST_COLD, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=1_000_000, default=0)


class ColdSerializer(serializers.ModelSerializer[ColdProduct]):
    """A product that fewer than five people bought, and what reaches it all the same."""

    sku = serializers.CharField(source="product.sku")

    class Meta:
        model = ColdProduct
        fields = ("sku", "buyers", "lists", "parts", "beside", "shown", "clicked", "as_of")


class StrategiesView(APIView):
    """The strategies that serve."""

    scopes = {"GET": Scope.EXPERIMENTS_READ}

    @extend_schema(
        operation_id="strategies",
        summary="List the strategies that serve, with how good their lists are",
        responses=StrategySerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Answer them by name, with the figures of the training that each was measured in. Four queries."""
        versions = serving_versions()
        figures = measured(versions)
        uses: dict[int, list[str]] = {}
        for use, strategy in Champion.objects.order_by("use").values_list("use", "strategy_id"):
            uses.setdefault(strategy, []).append(use)
        body = [
            {
                "key": version.strategy.key,
                "name": version.strategy.name,
                "family": version.strategy.family,
                "version": version.pk,
                "as_of": version.as_of,
                "champion_of": uses.get(version.strategy_id, []),
                "figures": _figures(figures[version.pk].metrics.get("objectives", {})),
            }
            for version in sorted(versions, key=lambda one: one.strategy.key)
        ]
        return Response(StrategySerializer(body, many=True).data)


def _figures(objectives: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"gini10": None, **found, "objective": name} for name, found in sorted(objectives.items())]


class WeeksView(APIView):
    """What lists did, week by week."""

    scopes = {"GET": Scope.EXPERIMENTS_READ}

    @extend_schema(
        operation_id="strategy_weeks",
        summary="List what each strategy showed by week, and what people did after",
        parameters=[WeeksQuerySerializer],
        responses=WeekSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Answer the newest weeks first. Two queries."""
        query = WeeksQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        return Response(WeekSerializer(selectors.weeks(query.validated_data["weeks"]), many=True).data)


class ColdView(APIView):
    """Products that hardly anybody bought."""

    scopes = {"GET": Scope.PRODUCTS_READ}

    @extend_schema(
        operation_id="cold_products",
        summary="List products that hardly anybody bought, with what reaches them",
        parameters=[ColdQuerySerializer],
        responses=inline_serializer(
            "ColdList", {"count": serializers.IntegerField(), "results": ColdSerializer(many=True)}
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer those that most lists hold first; `unreached` are in none. Two queries."""
        query = ColdQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, counts = query.validated_data, selectors.cold_counts()
        found = selectors.cold_products(asked["which"], limit=asked["limit"], offset=asked["offset"])
        known = {"all": counts.products, "unreached": counts.unreached, "listed": counts.listed}
        return Response({"count": known[asked["which"]], "results": ColdSerializer(found, many=True).data})


class ByNewest(CursorPagination):
    """Decisions from the newest on: their ids are made in order."""

    ordering = "-pk"


class DecisionsView(APIView):
    """What measurements changed."""

    scopes = {"GET": Scope.EXPERIMENTS_READ}

    @extend_schema(
        operation_id="tuning_decisions",
        summary="List what measurements changed or propose, with the evidence",
        parameters=[DecisionsQuerySerializer, *PAGE_PARAMETERS],
        responses=inline_serializer(
            "TuningDecisionPage",
            {
                "next": serializers.URLField(allow_null=True),
                "previous": serializers.URLField(allow_null=True),
                "results": TuningDecisionSerializer(many=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer the newest first, 500 a page at most. One query."""
        query = DecisionsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = TuningDecision.objects.filter(**query.validated_data)
        pages = ByNewest()
        rows = pages.paginate_queryset(found, request, view=self) or []
        return pages.get_paginated_response(TuningDecisionSerializer(rows, many=True).data)


urlpatterns = [
    re_path(r"^strategies/?$", StrategiesView.as_view(), name="api-strategies"),
    re_path(r"^strategies/weeks/?$", WeeksView.as_view(), name="api-strategy-weeks"),
    re_path(r"^cold-products/?$", ColdView.as_view(), name="api-cold-products"),
    re_path(r"^tuning-decisions/?$", DecisionsView.as_view(), name="api-tuning-decisions"),
]
