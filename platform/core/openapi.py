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


def canonical_paths(
    endpoints: list[tuple[str, str, str, Any]], **kwargs: Any
) -> list[tuple[str, str, str, Any]]:
    """Write the addresses without the slash that views also accept at the end."""
    return [(path.rstrip("/"), regex, method, callback) for path, regex, method, callback in endpoints]
