"""REST: what to show to a customer."""

from typing import Any

from django.urls import re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from accounts.signatures import is_signed
from core import clock
from core.problems import Problem
from recommendations.api.shapes import (
    AnswerSerializer,
    QuerySerializer,
    answer_body,
    asked_of,
    version_of,
    wish_of,
)
from recommendations.explain import explain
from recommendations.online import for_person
from recommendations.person import person_called
from recommendations.services.decisions import note
from recommendations.state import state
from recommender.errors import ArtifactError

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
        """Answer the list of the strategy asked for, or of the champion, with the last events taken in.

        A publishable key gets the list of a customer whose id the shop's server signed.
        """
        # What somebody is shown tells what they bought, so a browser must prove who it is.
        key: Any = request.auth
        if key.is_publishable and not is_signed(key, customer, request.headers.get("Rapport-Signature")):
            raise Problem(
                403,
                "not-signed",
                _("The customer's id is not signed"),
                _("Let your server sign it with the signing secret under Data → Website."),
            )
        asked = asked_of(QuerySerializer, request)
        known = state()
        version = version_of(known, asked["objective"], asked.get("strategy"))
        now = clock.now()
        until = clock.known_until(now)
        found = person_called(customer, version.pk, asked["objective"], until)
        if found is None:
            raise Problem(404, "unknown-customer", _("There is no customer with this id."))
        answer = for_person(found, wish_of(asked), version, known, now=now, until=until)
        because = None
        if asked["explain"]:
            try:
                because = explain(
                    version, found.id, [item.product_id for item in answer.items], asked["objective"]
                )
            except ArtifactError:
                raise Problem(
                    503, "model-unavailable", _("The stored model cannot be read. Train it again.")
                ) from None
        decision = note(
            slot="api",
            action=[item.sku for item in answer.items],
            customer_id=found.id,
            context={
                "objective": asked["objective"],
                "strategy": version.strategy.key,
                "sources": answer.sources,
            },
            policy_version=str(version.pk),
            now=now,
        )
        return Response(answer_body(decision, answer, because))


urlpatterns = [
    re_path(
        r"^customers/(?P<customer>[^/]+)/recommendations/?$",
        RecommendationsView.as_view(),
        name="api-customer-recommendations",
    ),
]
