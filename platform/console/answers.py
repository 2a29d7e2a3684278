"""Small JSON answers that pages ask for while somebody works on them, with a sentence for what is refused."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View


class Refused(Exception):
    """A question that cannot be answered; `place` says what it is about."""

    def __init__(self, message: str, status: int = 422, **place: Any) -> None:
        super().__init__(message)
        self.message, self.status, self.place = message, status, place


class Answer(PermissionRequiredMixin, View):
    """Answer a question of a page. Subclasses implement `answer`, and turn errors of theirs into refusals."""

    raise_exception = True
    #: A longer body is refused unread.
    largest = 500_000  # bytes
    too_large: Any = gettext_lazy("This is too large.")
    #: What `refusal_of` knows how to say.
    errors: tuple[type[Exception], ...] = ()

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer, or say in a sentence what is wrong."""
        try:
            return JsonResponse(self._answered())
        except Refused as refused:
            return JsonResponse({"message": refused.message, **refused.place}, status=refused.status)

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a question."""
        raise NotImplementedError

    def refusal_of(self, error: Any) -> Refused:
        """Return how one of `errors` is told."""
        raise NotImplementedError

    def _answered(self) -> dict[str, Any]:
        body = self._body()
        try:
            return self.answer(body)
        except self.errors as error:
            raise self.refusal_of(error) from error

    def _body(self) -> Mapping[str, Any]:
        try:
            if int(self.request.headers.get("Content-Length") or 0) > self.largest:
                raise Refused(str(self.too_large), 413)
            body = orjson.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise Refused(_("The page sent something that cannot be read. Reload it."), 400) from error
        if not isinstance(body, dict):
            raise Refused(_("The page sent something that cannot be read. Reload it."), 400)
        return body
