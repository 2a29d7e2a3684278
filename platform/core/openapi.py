"""Pieces of the OpenAPI document that all views share."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiParameter

from core.serializers import ProblemSerializer

_PROBLEM = "application/problem+json"
#: What each call may answer beside its own.
PROBLEMS: dict[Any, Any] = {(status, _PROBLEM): ProblemSerializer for status in
                            (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)}  # fmt: skip

#: For lists whose view pages by itself.
PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="The place in the list, as `next` and `previous` name it."),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
]


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


class StrictExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Say of bodies with known fields only that they take no others."""

    target_class = "core.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """Return the schema of the fields, closed."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return schema | {"additionalProperties": False} if schema.get("type") == "object" else schema


def problems_everywhere(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say of every call that it may answer with problem details, whatever its view says."""
    answer = {
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "description": "",
    }
    for path in result["paths"].values():
        for call in path.values():
            for status, _content_type in PROBLEMS:
                call["responses"].setdefault(str(status), answer)
    return result
