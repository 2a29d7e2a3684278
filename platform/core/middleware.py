"""What every answer carries, whoever gave it."""

import re
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

from core.throttling import standing_of

HEADER = "X-Request-ID"
_HARMLESS = re.compile(r"[\w.:-]{1,100}")


class AnswerMiddleware:
    """Add the id under which the request stands in the logs, and where the caller's key stands.

    A caller's own X-Request-ID is used when it is harmless. Stands inside django_structlog's middleware,
    which binds the id for the log and for the tasks that the request starts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say which request it was."""
        response = self.get_response(request)
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        if _HARMLESS.fullmatch(request_id):
            response[HEADER] = request_id
        if standing := standing_of(request):
            for name, value in standing.headers().items():
                response[name] = value
        return response
