"""A view that checks the key, counts the call and answers ten products that it knows by heart."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Scope
from config.urls import urlpatterns as product

ITEM = {"sku": "sku-1", "rank": 1, "score": 0.5, "reason": "Popular in our shop", "fallback": False}


class Bare(APIView):
    """What any call costs."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    def get(self, request: Request) -> Response:
        """Answer a list of ten."""
        return Response({"decision_id": "0", "strategy": "bare", "items": [ITEM] * 10})


urlpatterns = [path("api/v1/bare", Bare.as_view()), *product]
