"""REST: rehearse a campaign on the shop's past, and read what came out."""

from typing import Any

from django.db import transaction
from django.urls import re_path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Job, Scope
from campaigns.models import Campaign
from campaigns.rehearsal import dispatch
from campaigns.rehearsal.models import Rehearsal
from campaigns.rehearsal.selectors import jobs_of, rehearsals_of
from campaigns.rehearsal.words import sentences
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.lookups import by_uuid
from core.pagination import CursorPagination


class RehearsingSerializer(serializers.ModelSerializer[Job]):
    """A rehearsal that waits, goes on or is done; `rehearsal` is its id then."""

    job = serializers.UUIDField(source="pk")
    rehearsal = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            "job",
            "state",
            "done",
            "total",
            "message",
            "error",
            "created_at",
            "finished_at",
            "rehearsal",
        )

    def get_rehearsal(self, job: Job) -> str | None:
        """Return the id of what came out."""
        return (job.result or {}).get("rehearsal")


class RehearsalSerializer(serializers.ModelSerializer[Rehearsal]):
    """A rehearsal in short."""

    summary = serializers.SerializerMethodField(help_text="What came out, in sentences.")

    class Meta:
        model = Rehearsal
        fields = ("id", "as_of", "created_at", "fingerprint", "code_version", "digest", "seconds", "summary")

    def get_summary(self, rehearsal: Rehearsal) -> list[str]:
        """Return what came out, in sentences."""
        return sentences(rehearsal)


class DateSerializer(serializers.Serializer[Any]):
    """What an earlier date says."""

    at = serializers.DateTimeField()
    audience = serializers.IntegerField()
    dropped = serializers.DictField(
        child=serializers.IntegerField(), help_text="People by the rule against them."
    )
    people = serializers.IntegerField(help_text="Those left: who would have been written to.")
    messages = serializers.IntegerField()
    buyers = serializers.IntegerField(help_text="Of those, within the window, without the campaign.")
    orders = serializers.IntegerField()
    revenue = serializers.CharField(help_text="In the shop's currency.")
    consents_today = serializers.BooleanField(
        help_text="The shop's records of consent begin later; today's were taken."
    )


class ShareSerializer(serializers.Serializer[Any]):
    """A share with its interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class WaitingSerializer(serializers.Serializer[Any]):
    """A campaign after whose goal window something will be known."""

    slug = serializers.CharField()
    name = serializers.CharField()
    until = serializers.DateTimeField()


class FigureSerializer(serializers.Serializer[Any]):
    """What to expect of a launch: the interval is meant to hold four of five times."""

    key = serializers.CharField()
    unit = serializers.ChoiceField(["people", "money"])
    mark = serializers.ChoiceField(["measured", "modelled", "assumed", "unknown"])
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    share = ShareSerializer(allow_null=True, help_text="Of those written to, where it is a share of them.")
    campaigns = serializers.IntegerField(help_text="How many past campaigns it was learned from.")
    of = serializers.IntegerField(help_text="On how many people.")
    why = serializers.CharField(allow_blank=True, help_text="Why it is unknown.")
    waits_for = WaitingSerializer(
        required=False, allow_null=True, help_text="The campaign after whose goal window it will be known."
    )


class FiguresSerializer(serializers.Serializer[Any]):
    """All figures of a rehearsal."""

    dates = DateSerializer(many=True)
    expected = FigureSerializer(many=True)


class RehearsalDetailSerializer(RehearsalSerializer):
    """A rehearsal with all its figures."""

    figures = FiguresSerializer()

    class Meta:
        model = Rehearsal
        fields = (*RehearsalSerializer.Meta.fields, "inputs", "figures")


class RehearseView(APIView):
    """Rehearse."""

    scopes = {"POST": Scope.CAMPAIGNS_WRITE}

    @extend_schema(
        operation_id="rehearse_campaign",
        parameters=[PARAMETER],
        summary="Play a campaign on the shop's past",
        request=None,
        responses={202: RehearsingSerializer},
    )
    @idempotent
    @transaction.atomic
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Start the job; one that is under way is answered instead."""
        job = dispatch.begin(
            _campaign(campaign_id),
            now=clock.now(),
            as_of=clock.knowledge_now(),
            actor=f"API key {getattr(request.auth, 'name', '')}",
        )
        return Response(RehearsingSerializer(job).data, status=202)


class RehearsingView(APIView):
    """How far it is."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(
        operation_id="rehearsing", summary="How far a rehearsal is", responses=RehearsingSerializer
    )
    def get(self, request: Request, campaign_id: str, job: str, *args: Any, **kwargs: Any) -> Response:
        """Answer its state and progress; when done, the id of what came out."""
        found = by_uuid(jobs_of(_campaign(campaign_id)), job)
        return Response(RehearsingSerializer(found).data)


class RehearsalsView(ListAPIView):  # type: ignore[type-arg]
    """A campaign's rehearsals."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}
    serializer_class = RehearsalSerializer
    pagination_class = CursorPagination
    queryset = Rehearsal.objects.none()

    def get_queryset(self) -> Any:
        """Return those of the campaign of the address."""
        return rehearsals_of(_campaign(self.kwargs["campaign_id"]))

    @extend_schema(operation_id="list_rehearsals", summary="List a campaign's rehearsals")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the rehearsals, the newest first, page by page."""
        return super().get(request, *args, **kwargs)


class RehearsalView(APIView):
    """One rehearsal."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(
        operation_id="read_rehearsal", summary="Read a rehearsal", responses=RehearsalDetailSerializer
    )
    def get(self, request: Request, campaign_id: str, rehearsal: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with all figures, each marked measured, modelled, assumed or unknown."""
        found = by_uuid(rehearsals_of(_campaign(campaign_id)), rehearsal)
        return Response(RehearsalDetailSerializer(found).data)


def _campaign(campaign_id: str) -> Campaign:
    return by_uuid(Campaign, campaign_id)


_ONE = r"^campaigns/(?P<campaign_id>[^/]+)"
urlpatterns = [
    re_path(rf"{_ONE}/rehearse/?$", RehearseView.as_view(), name="api-campaign-rehearse"),
    re_path(rf"{_ONE}/rehearse/(?P<job>[^/]+)/?$", RehearsingView.as_view(), name="api-campaign-rehearsing"),
    re_path(rf"{_ONE}/rehearsals/?$", RehearsalsView.as_view(), name="api-campaign-rehearsals"),
    re_path(
        rf"{_ONE}/rehearsals/(?P<rehearsal>[^/]+)/?$", RehearsalView.as_view(), name="api-campaign-rehearsal"
    ),
]
