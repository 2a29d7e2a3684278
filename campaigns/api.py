"""REST: plan, launch, hold and read campaigns."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
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
from campaigns import actions, dispatch, selectors
from campaigns.content.models import TemplateVersion
from campaigns.coupons.models import CouponPool
from campaigns.errors import ApprovalNeeded, CampaignNotReady
from campaigns.experiments.models import Experiment
from campaigns.models import Campaign
from campaigns.planning.models import Goal
from campaigns.promotions.models import Promotion
from campaigns.reports.answers import as_json
from campaigns.schedule.api import ScheduleSerializer
from campaigns.targeting.models import OfferPlan
from core import clock
from core.idempotency import PARAMETER, idempotent
from core.lookups import by_uuid
from core.pagination import CursorPagination
from core.problems import Problem
from core.serializers import StrictSerializer
from customers.models import Channel
from delivery.preferences.selectors import topics_on_offer
from recommendations.models import Objective
from segments.models import Segment


class _Named(serializers.SlugRelatedField):  # type: ignore[type-arg]
    """Something related by its own name, which may be missing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)


class CampaignSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    """A campaign as it is read."""

    segment = _Named(slug_field="slug")
    promotion = _Named(slug_field="slug")
    plan = _Named(slug_field="slug")
    experiment = _Named(slug_field="key")

    schedule = ScheduleSerializer(source="*", read_only=True)

    class Meta:
        model = Campaign
        fields = (
            "id", "slug", "name", "kind", "state", "segment", "channel", "topic", "content", "objective",
            "pool", "promotion", "plan", "experiment", "goal", "goal_days", "schedule", "approval",
            "as_of", "created_at", "launched_at", "finished_at", "archived_at",
        )  # fmt: skip


class NewCampaignSerializer(StrictSerializer):
    """A campaign to be planned. What is not known yet may be left out until the launch."""

    slug = serializers.SlugField(max_length=100)
    name = serializers.CharField(max_length=150)
    kind = serializers.ChoiceField(Campaign.Kind.choices)
    segment = serializers.SlugRelatedField(
        slug_field="slug", queryset=Segment.objects.all(), required=False, allow_null=True
    )
    channel = serializers.ChoiceField(Channel.choices, required=False)
    topic = serializers.SlugField(
        max_length=50, required=False, help_text="What people agreed to hear about; marketing by default."
    )
    template = serializers.CharField(
        max_length=150,
        required=False,
        allow_null=True,
        help_text="The template's name; its newest version is taken.",
    )
    objective = serializers.ChoiceField(Objective.choices, required=False)
    pool = serializers.PrimaryKeyRelatedField(
        queryset=CouponPool.objects.all(), required=False, allow_null=True, pk_field=serializers.UUIDField()
    )
    promotion = serializers.SlugRelatedField(
        slug_field="slug", queryset=Promotion.objects.all(), required=False, allow_null=True
    )
    plan = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=OfferPlan.objects.all(),
        required=False,
        allow_null=True,
        help_text="An offer plan: who gets a code of which pool.",
    )
    experiment = serializers.SlugRelatedField(
        slug_field="key", queryset=Experiment.objects.all(), required=False, allow_null=True
    )
    goal = serializers.ChoiceField(Goal.choices, required=False)
    goal_days = serializers.IntegerField(min_value=1, max_value=365, required=False)
    schedule = ScheduleSerializer(required=False)

    def validate_topic(self, topic: str) -> str:
        """Refuse what nobody can have agreed to: it would reach nobody."""
        known = topics_on_offer()
        if topic not in known:
            raise serializers.ValidationError(
                _("Nobody was ever asked about this topic. There are: %(topics)s.")
                % {"topics": ", ".join(known)}
            )
        return topic

    def validate_template(self, name: str | None) -> TemplateVersion | None:
        """Return the newest version of the template of that name."""
        if name is None:
            return None
        version = TemplateVersion.objects.filter(template__name=name).order_by("-number").first()
        if version is None:
            raise serializers.ValidationError(_("There is no template of this name."))
        return version


class CampaignsView(ListAPIView):  # type: ignore[type-arg]
    """The campaigns."""

    scopes = {"GET": Scope.CAMPAIGNS_READ, "POST": Scope.CAMPAIGNS_WRITE}
    serializer_class = CampaignSerializer
    pagination_class = CursorPagination
    queryset = Campaign.objects.select_related(
        "segment", "promotion", "plan", "experiment", "trigger_segment"
    )

    @extend_schema(operation_id="list_campaigns", summary="List campaigns")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the campaigns, page by page."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_campaign",
        parameters=[PARAMETER],
        summary="Plan a campaign",
        request=NewCampaignSerializer,
        responses={201: CampaignSerializer},
    )
    @idempotent
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Store a draft."""
        form = NewCampaignSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        if "template" in fields:
            fields["content"] = fields.pop("template")
        fields |= fields.pop("schedule", {})
        try:
            campaign = actions.create_campaign(user=None, now=clock.now(), actor=_actor(request), **fields)
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        return Response(CampaignSerializer(campaign).data, status=201)


class CampaignActionView(APIView):
    """What is done with one campaign: a repeat changes nothing, an impossible wish is a 409."""

    scopes = {"POST": Scope.CAMPAIGNS_WRITE}

    def act(
        self, request: Request, campaign_id: str, action: Callable[..., Campaign], **more: Any
    ) -> Response:
        """Do it and answer with the campaign."""
        campaign = by_uuid(Campaign, campaign_id)
        try:
            campaign = action(campaign, user=None, now=clock.now(), actor=_actor(request), **more)
        except ApprovalNeeded as error:
            title = _("A second person has to approve the campaign")
            raise Problem(409, "approval-needed", title, str(error)) from error
        except CampaignNotReady as error:
            title = _("The campaign cannot do that now")
            raise Problem(409, "campaign-not-ready", title, str(error), problems=error.problems) from error
        return Response(CampaignSerializer(campaign).data)


class LaunchView(CampaignActionView):
    """Launch."""

    @extend_schema(
        operation_id="launch_campaign",
        parameters=[PARAMETER],
        summary="Launch a campaign",
        request=None,
        responses=CampaignSerializer,
    )
    @idempotent
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Freeze the audience and begin to send."""
        return self.act(request, campaign_id, actions.launch_campaign, as_of=clock.knowledge_now())


class PauseView(CampaignActionView):
    """Pause."""

    @extend_schema(
        operation_id="pause_campaign",
        parameters=[PARAMETER],
        summary="Pause a campaign",
        request=None,
        responses=CampaignSerializer,
    )
    @idempotent
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Stop sending until it is resumed."""
        return self.act(request, campaign_id, actions.pause_campaign)


class PaceSerializer(StrictSerializer):
    """How fast a campaign goes."""

    per_hour = serializers.IntegerField(
        min_value=1, max_value=2_000_000_000, allow_null=True, help_text="Null means as fast as it goes."
    )


class PaceView(CampaignActionView):
    """Change the pace."""

    @extend_schema(
        operation_id="pace_campaign",
        parameters=[PARAMETER],
        summary="Let a campaign go faster or slower",
        request=PaceSerializer,
        responses=CampaignSerializer,
    )
    @idempotent
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Set how many messages may leave in an hour, also while it is being sent."""
        body = PaceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.act(request, campaign_id, actions.pace_campaign, **body.validated_data)


class ResumeView(CampaignActionView):
    """Resume."""

    @extend_schema(
        operation_id="resume_campaign",
        parameters=[PARAMETER],
        summary="Resume a campaign",
        request=None,
        responses=CampaignSerializer,
    )
    @idempotent
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Send what is left."""
        return self.act(request, campaign_id, actions.resume_campaign)


class CancelView(CampaignActionView):
    """Cancel."""

    @extend_schema(
        operation_id="cancel_campaign",
        parameters=[PARAMETER],
        summary="Cancel a campaign",
        request=None,
        responses=CampaignSerializer,
    )
    @idempotent
    def post(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Leave out everybody who was not written to yet."""
        return self.act(request, campaign_id, actions.cancel_campaign)


class CampaignReportView(APIView):
    """What came of a campaign."""

    scopes = {"GET": Scope.CAMPAIGNS_READ}

    @extend_schema(
        operation_id="campaign_report",
        summary="Read a campaign's figures",
        parameters=[
            OpenApiParameter(
                "sending", OpenApiTypes.UUID, description="Only this one of the campaign's `sendings`."
            )
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, campaign_id: str, *args: Any, **kwargs: Any) -> Response:
        """Answer with the eight parts of the audience, the way from audience to order, who was left out and
        why, the outcomes with what the campaign caused, and the clicks by link.

        Of a large audience the figures are those counted last: `counted_at` says when, null means that a
        worker is at it.

        A campaign that goes again and again is counted over all its sendings, unless one is named.
        """
        campaign = by_uuid(Campaign, campaign_id)
        sending = None
        if named := request.query_params.get("sending"):
            runs = selectors.runs_of(campaign).filter(retry_of=None)
            sending = by_uuid(runs, named)
        found = selectors.report(campaign, now=clock.now(), sending=sending)
        if found.kept.stale:
            dispatch.count_soon(campaign, sending)
        return Response(as_json(found))


def _actor(request: Request) -> str:
    return f"API key {getattr(request.auth, 'name', '')}"


_ONE = r"^campaigns/(?P<campaign_id>[^/]+)"
urlpatterns = [
    re_path(r"^campaigns/?$", CampaignsView.as_view(), name="api-campaigns"),
    re_path(rf"{_ONE}/launch/?$", LaunchView.as_view(), name="api-campaign-launch"),
    re_path(rf"{_ONE}/pause/?$", PauseView.as_view(), name="api-campaign-pause"),
    re_path(rf"{_ONE}/pace/?$", PaceView.as_view(), name="api-campaign-pace"),
    re_path(rf"{_ONE}/resume/?$", ResumeView.as_view(), name="api-campaign-resume"),
    re_path(rf"{_ONE}/cancel/?$", CancelView.as_view(), name="api-campaign-cancel"),
    re_path(rf"{_ONE}/report/?$", CampaignReportView.as_view(), name="api-campaign-report"),
]
