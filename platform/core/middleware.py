"""What every answer carries, whoever gave it, and what a call of the REST interface can do without."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest, HttpResponseBase
from django_htmx import middleware as htmx
from django_structlog.middlewares import RequestMiddleware

from core.throttling import standing_of

HEADER = "X-Request-ID"
#: Addresses that partners' programs call: no session, no signed-in person, no message to show.
CALLS = ("/api/v1/", "/v1/")

log = structlog.get_logger("django_structlog.middlewares.request")


def is_call(request: HttpRequest) -> bool:
    """Say whether a request is a call of the REST interface."""
    return request.path_info.startswith(CALLS)


class SessionMiddleware(sessions.SessionMiddleware):
    """Sessions, for pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request) if is_call(request) else super().__call__(request)


class AuthenticationMiddleware(auth.AuthenticationMiddleware):
    """Who is signed in, for pages; calls say who they are by their key."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request) if is_call(request) else super().__call__(request)


class MessageMiddleware(messages.MessageMiddleware):
    """What the next page says first, for pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request) if is_call(request) else super().__call__(request)


class HtmxMiddleware(htmx.HtmxMiddleware):
    """Whether htmx asks, for pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request) if is_call(request) else super().__call__(request)


class LogMiddleware(RequestMiddleware):
    """One line a request. Calls take a fifth of the library's time: nobody is signed in, nobody listens."""

    def prepare(self, request: HttpRequest) -> None:
        """Give the request its id."""
        if is_call(request):
            structlog.contextvars.bind_contextvars(request_id=str(uuid.uuid4()))
        else:
            super().prepare(request)

    def handle_response(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Tell how it was answered; what failed was told when it failed."""
        if not is_call(request) or response.streaming or hasattr(request, "_raised_exception"):
            super().handle_response(request, response)
            return
        level = self._log_level_for_status_code(response.status_code)
        log.log(level, "request_finished", code=response.status_code, request=self.format_request(request))
        structlog.contextvars.clear_contextvars()


class AnswerMiddleware:
    """Add the id under which the request stands in the logs, and where the caller's key stands.

    Stands inside LogMiddleware, which makes the id and binds it for the log and for the tasks that the
    request starts. A caller's own id is not taken over: two callers may choose the same.
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
