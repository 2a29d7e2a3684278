"""REST: what models say about a customer, and how they were found."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Job, Scope
from core import clock
from core.problems import Problem
from customers.selectors import by_external_id
from profiles.dispatch import start_scoring
from profiles.models import CustomerScore, ScoreVersion
from profiles.scores.reasons import sentences
from profiles.scores.selectors import statements


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
    """A score that is not given, and why: `what` is for programs, `text` for people."""

    kind = serializers.CharField()
    what = serializers.CharField()
    found = serializers.IntegerField(allow_null=True)
    needed = serializers.IntegerField(allow_null=True)
    text = serializers.CharField()


class ScoringSerializer(serializers.ModelSerializer[Job]):
    """A scoring that goes on or is done."""

    job = serializers.UUIDField(source="pk")

    class Meta:
        model = Job
        fields = ["job", "state", "done", "total", "message", "error", "created_at", "finished_at", "result"]


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
        told = sorted(statements(found), key=lambda one: one.kind)
        body = {
            "scores": [_score(one.score) for one in told if one.score],
            "unknown": [one.missing for one in told if one.missing],
        }
        return Response(ScoresSerializer(body).data)


def _score(score: CustomerScore) -> dict[str, Any]:
    texts = sentences(score.reasons)
    fields = ("kind", "score", "low", "high", "as_of", "model_version")
    reasons = [{**reason, "text": text} for reason, text in zip(score.reasons, texts, strict=True)]
    return {name: getattr(score, name) for name in fields} | {"reasons": reasons}


class ScoreModelsView(APIView):
    """How the scores in use were found, and having them found anew."""

    scopes = {"GET": Scope.CUSTOMERS_READ, "POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(operation_id="score_models", responses=VersionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer a card for each score in use: data window, figures, drift, or what is missing."""
        versions = ScoreVersion.objects.filter(active=True).order_by("kind")
        return Response(VersionSerializer(versions, many=True).data)

    @extend_schema(operation_id="start_scoring", request=None, responses={202: ScoringSerializer})
    def post(self, request: Request) -> Response:
        """Train and give all scores now; while that goes on already, answer with what goes on."""
        job = start_scoring(now=clock.now(), actor=str(getattr(request.auth, "name", "")))
        return Response(ScoringSerializer(job).data, status=202)


class ScoringView(APIView):
    """How far a scoring is."""

    scopes = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="scoring",
        parameters=[OpenApiParameter("job", str, OpenApiParameter.PATH)],
        responses=ScoringSerializer,
    )
    def get(self, request: Request, job: str) -> Response:
        """Answer its state and progress; when done, how many customers have each score."""
        found = Job.objects.filter(kind="score", pk=job).first()
        if found is None:
            raise Problem(404, "not-found", _("There is no scoring with this id."))
        return Response(ScoringSerializer(found).data)


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/scores/?$", CustomerScoresView.as_view(), name="api-customer-scores"
    ),
    re_path(r"^score-models/?$", ScoreModelsView.as_view(), name="api-score-models"),
    re_path(
        r"^score-models/jobs/(?P<job>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$",
        ScoringView.as_view(),
        name="api-scoring",
    ),
]
