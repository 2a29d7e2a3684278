"""Answer 503 while PostgreSQL or Redis is away: a short page or problem details, never a trace."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

import redis
import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import server_error as plain_server_error
from kombu.exceptions import OperationalError as BrokerError

from core.problems import problem_response

RETRY_AFTER = 5  # seconds
AWAY = (
    OperationalError, InterfaceError, BrokerError, redis.ConnectionError, redis.TimeoutError,
    redis.exceptions.OutOfMemoryError, redis.exceptions.ReadOnlyError,
)  # fmt: skip
#: What the system says of a disk that takes no more; PostgreSQL's own is an OperationalError.
_FULL = (errno.ENOSPC, errno.EDQUOT)

log = structlog.get_logger(__name__)


class OutageMiddleware:
    """Turn what a view raises while a server is away into 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for an outage; leave every other error to Django."""
        return unavailable(request, error) if is_away(error) else None


def is_away(error: BaseException | None) -> bool:
    """Say whether an error means that a server is away, or has no room left."""
    return isinstance(error, AWAY) or (isinstance(error, OSError) and error.errno in _FULL)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Answer an error that no view raised: middleware reads the database too (``handler500``)."""
    error = sys.exc_info()[1]
    if error is not None and is_away(error):
        return unavailable(request, error)
    if _wants_json(request):
        title = _("Something went wrong on our side")
        return problem_response(request, 500, "error", title, _("The error was logged."))
    return plain_server_error(request)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Say that the product is away for a moment, in the form the caller reads."""
    log.warning("unavailable", error=type(error).__name__, request=f"{request.method} {request.path}")
    title = _("Rapport is away for a moment")
    detail = _("A server it needs does not answer. Nothing is lost; please try again in a few seconds.")
    if _wants_json(request):
        response: HttpResponse = problem_response(request, 503, "unavailable", title, detail)
    else:
        page = render_to_string("unavailable.html", {"title": title, "detail": detail})
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/v1/")) or "json" in request.headers.get("Accept", "")
