"""REST: what a slot shows to this person now, and what came of it."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from campaigns.decisions.deciding import Who, decide
from core import clock
from core.problems import Problem
from core.serializers import StrictSerializer
from customers.selectors import by_external_id
from recommendations.api.shapes import DEFAULT_LIMIT, ItemSerializer, items_body
from recommendations.api.visitors import actor_of
from recommendations.models import Objective
from recommendations.online import Wish
from recommendations.services.decisions import OutcomeError, reward
from recommendations.services.lists import LIST_LENGTH
from recommendations.state import state

KINDS = ("products", "offer")


class AskSerializer(StrictSerializer):
    """Which slot asks, for whom, and what it can show."""

    slot = serializers.SlugField(max_length=50)
    customer = serializers.CharField(max_length=200, required=False)
    visitor = serializers.CharField(max_length=200, required=False, help_text="An anonymous id.")
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=KINDS), required=False, min_length=1, max_length=len(KINDS)
    )
    objective = serializers.ChoiceField(choices=Objective.choices, default=Objective.REPLENISH)
    limit = serializers.IntegerField(min_value=1, max_value=LIST_LENGTH, default=DEFAULT_LIMIT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two people at once."""
        if attrs.get("customer") and attrs.get("visitor"):
            raise serializers.ValidationError(_("Name a customer or a visitor, not both."))
        return attrs


class EligibleSerializer(serializers.Serializer[Any]):
    """Something that could have been shown."""

    key = serializers.CharField()
    kind = serializers.CharField()
    p = serializers.FloatField()


class DecisionSerializer(serializers.Serializer[Any]):
    """What is shown, out of what, with which probability."""

    decision_id = serializers.UUIDField()
    slot = serializers.CharField()
    kind = serializers.ChoiceField(choices=(*KINDS, "none"))
    action = serializers.CharField()
    propensity = serializers.FloatField()
    policy_version = serializers.CharField()
    eligible = EligibleSerializer(many=True)
    items = ItemSerializer(many=True)
    offer = serializers.DictField(allow_null=True)


class DecisionsView(APIView):
    """Decide for a slot."""

    scopes = {"POST": Scope.RECOMMENDATIONS_READ}

    @extend_schema(operation_id="decide", request=AskSerializer, responses=DecisionSerializer)
    def post(self, request: Request) -> Response:
        """Answer products or an offer for this person now; whom we do not know is a stranger."""
        form = AskSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        customer = None
        if name := asked.get("customer"):
            customer = by_external_id(name)
            if customer is None:
                raise Problem(404, "unknown-customer", _("There is no customer with this id."))
        visitor = asked.get("visitor")
        now = clock.now()
        decided = decide(
            asked["slot"],
            Who(customer, actor_of(visitor) if visitor else None),
            Wish(objective=asked["objective"], limit=asked["limit"]),
            asked.get("kinds", KINDS),
            state(),
            now=now,
            until=clock.known_until(now),
        )
        if decided is None:
            raise Problem(404, "nothing-to-show", _("Nothing can be shown in this slot now."))
        action = decided.action
        return Response(
            {
                "decision_id": decided.id,
                "slot": asked["slot"],
                "kind": action.kind,
                "action": action.key,
                "propensity": action.p,
                "policy_version": decided.policy_version,
                "eligible": [other.as_json() for other in decided.eligible],
                "items": items_body(decided.answer.items) if decided.answer else [],
                "offer": action.offer,
            }
        )


class OutcomeSerializer(StrictSerializer):
    """What came of a decision."""

    reward = serializers.FloatField(
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text="As 1 for a click or an order, 0 for nothing, or money in the shop's currency.",
    )


class RewardedSerializer(serializers.Serializer[Any]):
    """A decision with its outcome."""

    decision_id = serializers.UUIDField()
    reward = serializers.FloatField()
    rewarded_at = serializers.DateTimeField()


class OutcomeView(APIView):
    """Tell what came of a decision."""

    scopes = {"POST": Scope.EVENTS_WRITE}

    @extend_schema(
        operation_id="decision_outcome",
        request=OutcomeSerializer,
        responses=RewardedSerializer,
        parameters=[OpenApiParameter("decision", str, OpenApiParameter.PATH)],
    )
    def post(self, request: Request, decision: str) -> Response:
        """Keep the first outcome; the same one again is the same, another one is refused."""
        form = OutcomeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        pk = serializers.UUIDField().to_internal_value(decision)
        try:
            found = reward(pk, form.validated_data["reward"], clock.now())
        except OutcomeError as refused:
            raise Problem(
                409, "outcome-known", _("This decision has another outcome"), str(refused)
            ) from refused
        if found is None:
            raise Problem(404, "unknown-decision", _("There is no decision with this id."))
        return Response({"decision_id": found.pk, "reward": found.reward, "rewarded_at": found.rewarded_at})


urlpatterns = [
    re_path(r"^decisions/?$", DecisionsView.as_view(), name="api-decisions"),
    re_path(
        r"^decisions/(?P<decision>[0-9a-fA-F-]{32,36})/outcome/?$",
        OutcomeView.as_view(),
        name="api-decision-outcome",
    ),
]
