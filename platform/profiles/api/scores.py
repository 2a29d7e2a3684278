"""REST: what models say about a customer, and how they were found."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core.problems import Problem
from customers.selectors import by_external_id
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.reasons import sentences


class ReasonSerializer(serializers.Serializer[Any]):
    """A feature, its value, and what it adds to the log-odds of an average customer."""

    feature = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    adds = serializers.FloatField(allow_null=True)
    text = serializers.CharField()


class ScoreSerializer(serializers.Serializer[Any]):
    """A probability, or money for the lifetime value, with its interval."""

    kind = serializers.CharField()
    score = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    as_of = serializers.DateTimeField()
    model_version = serializers.CharField()
    reasons = ReasonSerializer(many=True)


class UnknownSerializer(serializers.Serializer[Any]):
    """A score that is not given, and why."""

    kind = serializers.CharField()
    what = serializers.CharField()
    found = serializers.IntegerField(allow_null=True)
    needed = serializers.IntegerField(allow_null=True)


class ScoresSerializer(serializers.Serializer[Any]):
    """All scores of a customer."""

    scores = ScoreSerializer(many=True)
    unknown = UnknownSerializer(many=True)


class VersionSerializer(serializers.ModelSerializer[ScoreVersion]):
    """The card of a score in use."""

    class Meta:
        model = ScoreVersion
        fields = ["id", "kind", "as_of", "known", "model", "customers", "card", "drift", "created_at"]


class CustomerScoresView(APIView):
    """What models say about a customer."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="customer_scores",
        parameters=[OpenApiParameter("customer", str, OpenApiParameter.PATH)],
        responses=ScoresSerializer,
    )
    def get(self, request: Request, customer: str) -> Response:
        """Answer scores with reasons and dates; for those that are unknown, what is missing."""
        found = by_external_id(customer)
        if found is None:
            raise Problem(404, "unknown-customer", _("There is no customer with this id."))
        scores = list(CustomerScore.objects.filter(customer=found).order_by("kind"))
        given = {score.kind for score in scores}
        unknown = [
            _missing(version)
            for version in ScoreVersion.objects.filter(active=True).order_by("kind")
            if version.kind not in given
        ]
        body = {"scores": [_score(score) for score in scores], "unknown": unknown}
        return Response(ScoresSerializer(body).data)


def _score(score: CustomerScore) -> dict[str, Any]:
    texts = sentences(score.reasons)
    fields = ("kind", "score", "low", "high", "as_of", "model_version")
    reasons = [{**reason, "text": text} for reason, text in zip(score.reasons, texts, strict=True)]
    return {name: getattr(score, name) for name in fields} | {"reasons": reasons}


def _missing(version: ScoreVersion) -> dict[str, Any]:
    if version.known:
        return {"kind": version.kind, "what": "history of this customer", "found": None, "needed": None}
    return {"kind": version.kind, **{name: version.card.get(name) for name in ("what", "found", "needed")}}


class ScoreModelsView(APIView):
    """How the scores in use were found."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(operation_id="score_models", responses=VersionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer a card for each score in use: data window, figures, drift, or what is missing."""
        versions = ScoreVersion.objects.filter(active=True).order_by("kind")
        return Response(VersionSerializer(versions, many=True).data)


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/scores/?$", CustomerScoresView.as_view(), name="api-customer-scores"
    ),
    re_path(r"^score-models/?$", ScoreModelsView.as_view(), name="api-score-models"),
]
