"""Tests over REST: make, start, hold, decide, read."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.models import Scope
from campaigns.experiments.api.forms import DecideSerializer, ExperimentSerializer, NewExperimentSerializer
from campaigns.experiments.live.deciding import decide_by_hand, look_and_decide
from campaigns.experiments.live.standing import standing
from campaigns.experiments.models import Experiment, Layer, Snapshot
from campaigns.experiments.services import (
    DesignError,
    archive,
    create_experiment,
    pause,
    resume,
    start,
)
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.pagination import CursorPagination
from core.problems import Problem

_ALL = Experiment.objects.select_related("layer").prefetch_related("variants")


def actor(request: Request) -> str:
    """Return who calls, for the audit log."""
    return f"API key {getattr(request.auth, 'name', '')}"


def refused(error: Exception) -> Problem:
    """Return the answer to what a test cannot be or do now."""
    return Problem(409, "experiment-refused", _("The test cannot do this"), str(error))


class ExperimentsView(ListAPIView):  # type: ignore[type-arg]
    """The tests."""

    scopes = {"GET": Scope.EXPERIMENTS_READ, "POST": Scope.EXPERIMENTS_WRITE}
    serializer_class = ExperimentSerializer
    pagination_class = CursorPagination
    queryset = _ALL

    @extend_schema(operation_id="list_experiments", summary="List tests")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the tests, page by page."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_experiment",
        parameters=[PARAMETER],
        summary="Make a test",
        request=NewExperimentSerializer,
        responses={201: ExperimentSerializer},
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store a draft of a test on a partner's own pages, or for a campaign that is planned later."""
        fields = NewExperimentSerializer.read(request.data)
        if Experiment.objects.filter(key=fields["key"]).exists():
            raise Problem(409, "slug-taken", _("There is a test of this key already"))
        if (layer := fields.pop("layer", None)) is not None:
            fields["layer"] = Layer.objects.get_or_create(
                key=layer, defaults={"name": layer, "salt": f"layer-{uuid4()}", "created_at": clock.now()}
            )[0]
        now = clock.now()
        holdout = float(fields.pop("holdout_share", 0))
        defaults: dict[str, Any] = {"salt": str(uuid4()), "window_days": 28}
        try:
            made = create_experiment(**defaults | fields, holdout_share=holdout, now=now)
        except DesignError as error:
            raise refused(error) from error
        except ValidationError as error:
            raise serializers.ValidationError({"variants": error.messages}) from error
        except ValueError as error:
            raise serializers.ValidationError({"variants": [str(error)]}) from error
        audit.record(
            action="create_experiment", target=made, now=now, actor=actor(request), after={"key": made.key}
        )
        return Response(ExperimentSerializer(made).data, status=201)


class ExperimentView(APIView):
    """One test."""

    scopes = {"GET": Scope.EXPERIMENTS_READ}

    @extend_schema(operation_id="get_experiment", summary="Read a test", responses=ExperimentSerializer)
    def get(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with the test and its arms."""
        return Response(ExperimentSerializer(get_object_or_404(_ALL, key=key)).data)


class _MoveView(APIView):
    """What moving a test shares: find it, act, note it, answer with it."""

    scopes = {"POST": Scope.EXPERIMENTS_WRITE}

    def move(self, request: Request, key: str, verb: str, act: Callable[[Experiment], object]) -> Response:
        """Do it; a repeat changes nothing."""
        experiment = get_object_or_404(_ALL, key=key, kind=Experiment.Kind.LIVE)
        before = experiment.state
        if getattr(experiment, "campaign", None) is not None and verb in ("start", "archive"):
            raise Problem(
                409,
                "experiment-refused",
                _("The test cannot do this"),
                _("It belongs to a campaign, which starts it and ends it."),
            )
        act(experiment)
        if experiment.state != before:
            audit.record(
                action=f"{verb}_experiment",
                target=experiment,
                now=clock.now(),
                actor=actor(request),
                before={"state": str(before)},
                after={"state": str(experiment.state)},
            )
        return Response(ExperimentSerializer(experiment).data)


def _described(verb: str, summary: str) -> Any:
    return extend_schema(
        operation_id=f"{verb}_experiment",
        parameters=[PARAMETER],
        summary=summary,
        request=None,
        responses=ExperimentSerializer,
    )


class StartView(_MoveView):
    """Start."""

    @_described("start", "Start a test")
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Give arms out from now on."""
        return self.move(request, key, "start", lambda experiment: start(experiment, clock.now()))


class PauseView(_MoveView):
    """Pause."""

    @_described("pause", "Pause a test")
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Give no arms out, and decide nothing; who has one keeps it."""
        return self.move(request, key, "pause", pause)


class ResumeView(_MoveView):
    """Resume."""

    @_described("resume", "Resume a test")
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Let a paused test go on."""
        return self.move(request, key, "resume", resume)


class ArchiveView(_MoveView):
    """Archive."""

    @_described("archive", "Put a test away")
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Put away a test that is over or was never started."""
        return self.move(request, key, "archive", archive)


class DecideView(_MoveView):
    """Decide by hand."""

    @extend_schema(
        operation_id="decide_experiment",
        parameters=[PARAMETER],
        summary="End a test by a person's decision",
        request=DecideSerializer,
        responses=ExperimentSerializer,
    )
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Give everybody who comes from now on to one arm; noted as *not supported* when it is not."""
        body = DecideSerializer.read(request.data)
        experiment = get_object_or_404(_ALL, key=key, kind=Experiment.Kind.LIVE)
        try:
            decide_by_hand(experiment, user=None, now=clock.now(), actor=actor(request), **body)
        except DesignError as error:
            raise refused(error) from error
        return Response(ExperimentSerializer(_ALL.get(pk=experiment.pk)).data)


class LookView(APIView):
    """Look now."""

    scopes = {"POST": Scope.EXPERIMENTS_WRITE}

    @extend_schema(
        operation_id="look_at_experiment",
        parameters=[PARAMETER],
        summary="Look at a test now",
        request=None,
        responses=OpenApiTypes.OBJECT,
    )
    @idempotent
    def post(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Analyse it, and where a planned look is due do what the rules say."""
        experiment = get_object_or_404(_ALL, key=key, kind=Experiment.Kind.LIVE)
        if experiment.state == Experiment.State.RUNNING:
            look_and_decide(experiment, now=clock.now(), actor=actor(request))
        return Response(_report(_ALL.get(pk=experiment.pk)))


class ReportView(APIView):
    """What was found."""

    scopes = {"GET": Scope.EXPERIMENTS_READ}

    @extend_schema(
        operation_id="experiment_report", summary="Read what a test found", responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, key: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with the newest look's results, how far the test is, and all looks in short."""
        return Response(_report(get_object_or_404(_ALL, key=key)))


def _report(experiment: Experiment) -> dict[str, Any]:
    looks = list(experiment.snapshots.order_by("-look")[:100])
    live = experiment.kind == Experiment.Kind.LIVE
    where = standing(experiment, now=clock.now()) if live else None
    return {
        "experiment": experiment.key,
        "state": experiment.state,
        "decision": experiment.decision,
        "people": {"met": where.met, "window_passed": where.closed} if where else None,
        "fraction": where.fraction if where else None,
        "results": looks[0].results if looks else None,
        "looks": [_short(look) for look in looks],
    }


def _short(look: Snapshot) -> dict[str, Any]:
    return {
        "look": look.look,
        "series": look.series,
        "planned": look.planned,
        "fraction": look.fraction,
        "as_of": look.as_of,
        "verdict": look.results.get("verdict"),
        "outcome": look.results.get("outcome"),
        "difference": look.results.get("difference"),
        "interval": look.results.get("interval"),
    }
