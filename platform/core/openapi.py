"""Pieces of the OpenAPI document that all views share."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from core.serializers import ProblemSerializer

_PROBLEM = "application/problem+json"
#: What each call may answer beside its own.
PROBLEMS: dict[Any, Any] = {(status, _PROBLEM): ProblemSerializer for status in
                            (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)}  # fmt: skip


def path_parameter(name: str, description: str) -> OpenApiParameter:
    """Describe a part of an address that holds a partner's own id."""
    return OpenApiParameter(
        name,
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^/]+$"},
        OpenApiParameter.PATH,
        description=description,
    )
