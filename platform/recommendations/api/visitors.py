"""REST: what to show to somebody without a name."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from core import clock
from core.encryption import keyed_hash
from core.problems import Problem
from customers.models import Identifier
from recommendations.api.shapes import (
    USE,
    AnswerSerializer,
    FilterSerializer,
    answer_body,
    asked_of,
    items_body,
    wish_of,
)
from recommendations.models import Objective, ProductList
from recommendations.online import for_visitor, general
from recommendations.places import facts_of
from recommendations.rules import apply_rules
from recommendations.selectors import as_items
from recommendations.services.decisions import note
from recommendations.state import state


class VisitorRecommendationsView(APIView):
    """Products for a visitor who is not signed in: by what they looked at in this session."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}
    publishable = True

    @extend_schema(
        operation_id="visitor_recommendations",
        parameters=[FilterSerializer, OpenApiParameter("visitor", str, OpenApiParameter.PATH)],
        responses=AnswerSerializer,
    )
    def get(self, request: Request, visitor: str) -> Response:
        """Answer products like those of the session, else what everybody without a history is shown.

        Only events that came by this anonymous id and belong to nobody count: what a customer did before
        or after signing in is never told.
        """
        asked = asked_of(FilterSerializer, request)
        known = state()
        version = known.version(USE, Objective.DISCOVER)
        if version is None:
            raise Problem(503, "not-trained", _("No strategy has been trained yet. Run a training first."))
        actor = actor_of(visitor)
        now = clock.now()
        wish = wish_of(asked, Objective.DISCOVER)
        answer = for_visitor(actor, wish, version, known, now=now, until=clock.known_until(now))
        decision = note(
            slot="api-visitor",
            action=[item.sku for item in answer.items],
            actor_id=actor,
            context={"objective": Objective.DISCOVER.value, "sources": answer.sources},
            policy_version=str(version.pk),
            now=now,
        )
        return Response(answer_body(decision, answer))


class TrendingView(APIView):
    """What sells more and more, for everybody."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    @extend_schema(operation_id="trending", parameters=[FilterSerializer], responses=AnswerSerializer)
    def get(self, request: Request) -> Response:
        """Answer what more and more customers bought in the last fortnight, against the weeks before."""
        asked = asked_of(FilterSerializer, request)
        wish = wish_of(asked, Objective.DISCOVER)
        places = general(ProductList.Kind.TRENDING)
        now = clock.now()
        rules = [rule for rule in state().rules_for(Objective.DISCOVER, now) if rule.kind != "pin"]
        facts = facts_of((place.product_id for place in places), rules)
        items = as_items(apply_rules(places, facts, rules, wish.limit, wish.plain_filters(facts)), facts)
        decision = note(
            slot="api-trending", action=[item.sku for item in items], policy_version="trending", now=now
        )
        body: dict[str, Any] = {
            "decision_id": decision,
            "strategy": "trending",
            "policy_version": "trending",
            "propensity": 1.0,
            "items": items_body(items),
        }
        return Response(body)


def actor_of(visitor: str) -> int | None:
    """Return the identifier of an anonymous id that we have heard of. One query."""
    if "\0" in visitor:
        return None
    hashed = keyed_hash(Identifier.Kind.ANONYMOUS, visitor)
    return (
        Identifier.objects.filter(kind=Identifier.Kind.ANONYMOUS, value_hash=hashed)
        .values_list("pk", flat=True)
        .first()
    )


urlpatterns = [
    re_path(
        r"^visitors/(?P<visitor>[^/]+)/recommendations/?$",
        VisitorRecommendationsView.as_view(),
        name="api-visitor-recommendations",
    ),
    re_path(r"^trending/?$", TrendingView.as_view(), name="api-trending"),
]
