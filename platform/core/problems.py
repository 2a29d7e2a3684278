"""Problem details (RFC 9457): every error that the REST interface answers has this shape."""

import math
import re
from http import HTTPStatus
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

CONTENT_TYPE = "application/problem+json"


class Problem(exceptions.APIException):
    """An error with a published type.

    `kind` is the last part of the type's address, as `invalid-event`; further keywords become
    members of the answer.
    """

    def __init__(self, status: int, kind: str, title: str, detail: str = "", **members: Any) -> None:
        self.status_code = status
        self.kind = kind
        self.title = title
        self.members = members
        super().__init__(detail or title, kind)


def problem_body(status: int, kind: str, title: str, detail: str = "", **members: Any) -> dict[str, Any]:
    """Return the JSON of a problem."""
    body = {"type": f"/api/problems#{kind}", "title": title, "status": status, **members}
    if detail and detail != title:
        body["detail"] = detail
    return body


def problem_response(
    request: HttpRequest, status: int, kind: str, title: str, detail: str = ""
) -> JsonResponse:
    """Answer with a problem outside of REST framework (unknown address, failing middleware)."""
    return JsonResponse(problem_body(status, kind, title, detail), status=status, content_type=CONTENT_TYPE)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a REST view raised into problem details. Unknown exceptions go on to be logged as 500."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound(_not_found(exc))
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(*exc.args)
    if not isinstance(exc, exceptions.APIException):
        return None
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return Response(_body(exc), status=exc.status_code, headers=headers, content_type=CONTENT_TYPE)


def _not_found(exc: Http404) -> str | None:
    """Return what to tell: django's sentence for programmers, “No Experiment matches …”, as people say it."""
    told = str(exc)
    if (found := _MODEL.fullmatch(told)) is None:
        return told or None
    names = {model.__name__: str(model._meta.verbose_name) for model in apps.get_models()}
    name = names.get(found["model"], _("record"))
    return _("There is no such %(name)s. It may have been removed, or its id is another.") % {"name": name}


_MODEL = re.compile(r"No (?P<model>\w+) matches the given query\.")


def _body(exc: exceptions.APIException) -> dict[str, Any]:
    if isinstance(exc, Problem):
        return problem_body(exc.status_code, exc.kind, exc.title, str(exc.detail), **exc.members)
    title = HTTPStatus(exc.status_code).phrase
    if isinstance(exc, exceptions.ValidationError):
        return problem_body(
            exc.status_code, "invalid-request", "Some fields are not right", errors=exc.detail
        )
    kind = exc.get_codes() if isinstance(exc.get_codes(), str) else "error"
    return problem_body(exc.status_code, str(kind).replace("_", "-"), title, str(exc.detail))
