"""What every answer carries, whoever gave it."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

from core.throttling import standing_of

HEADER = "X-Request-ID"


class AnswerMiddleware:
    """Add the id under which the request stands in the logs, and where the caller's key stands.

    Stands inside django_structlog's middleware, which makes the id and binds it for the log and for the
    tasks that the request starts. A caller's own id is not taken over: two callers may choose the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and say which request it was."""
        response = self.get_response(request)
        if request_id := structlog.contextvars.get_contextvars().get("request_id"):
            response[HEADER] = str(request_id)
        if standing := standing_of(request):
            for name, value in standing.headers().items():
                response[name] = value
        return response
