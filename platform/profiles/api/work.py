"""REST: the work behind profiles, started and watched."""

from typing import Any, ClassVar

from django.db import transaction
from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.dispatch import start_job
from accounts.models import Job, Scope
from core import clock, idempotency
from core.problems import Problem
from profiles.api.scores import ScoringSerializer

WORK = ("know", "profile", "cluster", "score", "study")


class WorkIn(serializers.Serializer[Any]):
    """What to do: know is all of it."""

    what = serializers.ChoiceField(choices=WORK, default="know")


class ProfilingSerializer(ScoringSerializer):
    """Work on profiles that waits, goes on or is done."""


class ProfilingStartView(APIView):
    """The work behind profiles."""

    scopes: ClassVar = {"POST": Scope.CUSTOMERS_WRITE}

    @extend_schema(
        operation_id="profiling_start",
        parameters=[idempotency.PARAMETER],
        request=WorkIn,
        responses={202: ProfilingSerializer},
    )
    @idempotency.idempotent
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Start building profiles, finding personas, scoring, studying, or all of it."""
        body = WorkIn(data=request.data)
        body.is_valid(raise_exception=True)
        now = clock.now()
        job = start_job(body.validated_data["what"], now=now)
        actor = str(getattr(request.auth, "name", ""))
        audit.record(action="profiling_started", target=job, now=now, user=None, actor=actor)
        return Response(ProfilingSerializer(job).data, status=202)


class ProfilingView(APIView):
    """How far the work is."""

    scopes: ClassVar = {"GET": Scope.CUSTOMERS_READ}

    @extend_schema(
        operation_id="profiling",
        parameters=[OpenApiParameter("job", str, OpenApiParameter.PATH)],
        responses=ProfilingSerializer,
    )
    def get(self, request: Request, job: str) -> Response:
        """Answer its state and progress; when done, what came of it."""
        found = Job.objects.filter(kind__in=WORK, pk=job).first()
        if found is None:
            raise Problem(404, "not-found", _("There is no work on profiles with this id."))
        return Response(ProfilingSerializer(found).data)


urlpatterns = [
    re_path(r"^profiles/jobs/?$", ProfilingStartView.as_view(), name="api-profiling-start"),
    re_path(
        r"^profiles/jobs/(?P<job>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$",
        ProfilingView.as_view(),
        name="api-profiling",
    ),
]
