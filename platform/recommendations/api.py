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
from core import clock
from core.problems import Problem
from customers.models import Customer
from recommendations.explain import explain
from recommendations.models import Decision, Objective, Strategy
from recommendations.reasons import sentence
from recommendations.selectors import champion, lists_for, serving_version
from recommendations.services.lists import LIST_LENGTH

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


class RecommendationsView(APIView):
    """Products for a customer, best first, each with its reason."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    @extend_schema(
        operation_id="customer_recommendations",
        parameters=[QuerySerializer, OpenApiParameter("customer", str, OpenApiParameter.PATH)],
        responses=AnswerSerializer,
    )
    def get(self, request: Request, customer: str) -> Response:
        """Answer the list of the strategy asked for, or of the champion."""
        query = QuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = Customer.objects.filter(external_id=customer).first() if "\0" not in customer else None
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


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/recommendations/?$",
        RecommendationsView.as_view(),
        name="api-customer-recommendations",
    ),
]
