"""REST: what to show to whom."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from accounts.signatures import is_signed
from core import clock
from core.problems import Problem
from customers.selectors import by_external_id
from recommendations.explain import explain
from recommendations.models import Decision, Objective, Strategy
from recommendations.reasons import sentence
from recommendations.selectors import champion, lists_for, serving_version
from recommendations.services.lists import LIST_LENGTH
from recommendations.visitors import general_skus
from recommender.errors import ArtifactError

USE = "email"
_DEFAULT_LIMIT = 10


class QuerySerializer(serializers.Serializer[Any]):
    """The parameters of a request for recommendations."""

    objective = serializers.ChoiceField(choices=Objective.choices, default=Objective.REPLENISH)
    limit = serializers.IntegerField(min_value=1, max_value=LIST_LENGTH, default=_DEFAULT_LIMIT)
    strategy = serializers.SlugField(required=False)
    explain = serializers.BooleanField(default=False)


class ItemSerializer(serializers.Serializer[Any]):
    """A recommended product."""

    sku = serializers.CharField()
    rank = serializers.IntegerField()
    score = serializers.FloatField()
    reason = serializers.CharField()
    fallback = serializers.BooleanField()
    because = serializers.ListField(child=serializers.DictField(), required=False)


class AnswerSerializer(serializers.Serializer[Any]):
    """A list with the id under which its outcome can be reported."""

    decision_id = serializers.UUIDField()
    strategy = serializers.CharField()
    items = ItemSerializer(many=True)


SIGNATURE = OpenApiParameter(
    "Rapport-Signature",
    str,
    OpenApiParameter.HEADER,
    description="With a publishable key: hex HMAC-SHA256 of the customer's id under its signing secret.",
)


class RecommendationsView(APIView):
    """Products for a customer, best first, each with its reason."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}
    publishable = True

    @extend_schema(
        operation_id="customer_recommendations",
        parameters=[QuerySerializer, OpenApiParameter("customer", str, OpenApiParameter.PATH), SIGNATURE],
        responses=AnswerSerializer,
    )
    def get(self, request: Request, customer: str) -> Response:
        """Answer the list of the strategy asked for, or of the champion.

        A publishable key gets the list of a customer whose id the shop's server signed.
        """
        # What somebody is shown tells what they bought, so a browser must prove who it is.
        if request.auth.is_publishable and not is_signed(
            request.auth, customer, request.headers.get("Rapport-Signature")
        ):
            raise Problem(
                403,
                "not-signed",
                _("The customer's id is not signed"),
                _("Let your server sign it with the signing secret under Data → Website."),
            )
        query = QuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = by_external_id(customer)
        if found is None:
            raise Problem(404, "unknown-customer", _("There is no customer with this id."))
        strategy = asked.get("strategy") or champion(USE, asked["objective"])
        version = serving_version(strategy) if strategy else None
        if version is None:
            known = ", ".join(
                Strategy.objects.filter(versions__isnull=False).distinct().values_list("key", flat=True)
            )
            if asked.get("strategy"):
                raise Problem(404, "unknown-strategy", _("No trained strategy has this key."), known=known)
            raise Problem(503, "not-trained", _("No strategy has been trained yet. Run a training first."))
        lists = lists_for(
            [found.pk],
            use=USE,
            objective=asked["objective"],
            limit=asked["limit"],
            strategy=version.strategy.key,
        )
        if found.pk not in lists:
            raise Problem(503, "model-unavailable", _("The stored model cannot be read. Train it again."))
        items = lists[found.pk]
        decision = Decision.objects.create(
            customer=found,
            slot="api",
            context={"objective": asked["objective"], "strategy": version.strategy.key},
            action=[item.sku for item in items],
            # A champion's list is certain: nothing was drawn.
            propensity=1.0,
            policy_version=str(version.pk),
            at=clock.now(),
        )
        because = (
            explain(version, found.pk, [item.product_id for item in items], asked["objective"])
            if asked["explain"]
            else {}
        )
        body = [
            {
                "sku": item.sku,
                "rank": item.rank,
                "score": item.score,
                "reason": sentence(item.reason),
                "fallback": item.fallback,
                **({"because": because[item.product_id]} if asked["explain"] else {}),
            }
            for item in items
        ]
        return Response({"decision_id": decision.pk, "strategy": version.strategy.key, "items": body})


class VisitorAnswerSerializer(serializers.Serializer[Any]):
    """A list that everybody gets; it decides nothing about anybody, so it has no decision's id."""

    strategy = serializers.CharField()
    items = ItemSerializer(many=True)


class VisitorQuerySerializer(serializers.Serializer[Any]):
    """The parameters of a request for a visitor's recommendations."""

    limit = serializers.IntegerField(min_value=1, max_value=LIST_LENGTH, default=_DEFAULT_LIMIT)


class VisitorRecommendationsView(APIView):
    """Products for a visitor who is not signed in."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}
    publishable = True

    @extend_schema(
        operation_id="visitor_recommendations",
        parameters=[VisitorQuerySerializer, OpenApiParameter("visitor", str, OpenApiParameter.PATH)],
        responses=VisitorAnswerSerializer,
    )
    def get(self, request: Request, visitor: str) -> Response:
        """Answer what everybody without a history is shown; nothing of anybody's own is told."""
        query = VisitorQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        strategy = champion(USE, Objective.DISCOVER)
        version = serving_version(strategy) if strategy else None
        if version is None:
            raise Problem(503, "not-trained", _("No strategy has been trained yet. Run a training first."))
        try:
            skus = general_skus(version, Objective.DISCOVER, query.validated_data["limit"])
        except ArtifactError:
            raise Problem(
                503, "model-unavailable", _("The stored model cannot be read. Train it again.")
            ) from None
        reason = sentence({"part": "fallback"})
        items = [
            {"sku": sku, "rank": rank, "score": 0.0, "reason": reason, "fallback": True}
            for rank, sku in enumerate(skus, start=1)
        ]
        return Response({"strategy": version.strategy.key, "items": items})


urlpatterns = [
    re_path(
        r"^visitors/(?P<visitor>[^/]+)/recommendations/?$",
        VisitorRecommendationsView.as_view(),
        name="api-visitor-recommendations",
    ),
    re_path(
        r"^customers/(?P<customer>[^/]+)/recommendations/?$",
        RecommendationsView.as_view(),
        name="api-customer-recommendations",
    ),
]
