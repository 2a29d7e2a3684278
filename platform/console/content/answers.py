"""Small JSON answers for the editor, with a sentence and a place for whatever is refused."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.models import User
from campaigns.content.brand import ChangedMeanwhileError
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Template

#: No template within the limits of the language is longer.
LARGEST = 2_000_000  # bytes


class Answer(PermissionRequiredMixin, View):
    """Answer a question of the editor about one template. Subclasses implement `answer`."""

    permission_required: tuple[str, ...] = ("content.view_template",)
    raise_exception = True

    @cached_property
    def template(self) -> Template:
        """Return the template of the address."""
        return get_object_or_404(Template, pk=self.kwargs["pk"])

    @property
    def user(self) -> User:
        """Return who asks."""
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101  the admin lets nobody else in
        return user

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer, or say in a sentence what is wrong and where."""
        try:
            return JsonResponse(self.answer(_body(request)))
        except TemplateInvalid as error:
            return _refusal(str(error), 422, error.path)
        except ChangedMeanwhileError as error:
            # With the present revision, so that one may decide to write over it.
            revision = Template.objects.values_list("revision", flat=True).get(pk=self.kwargs["pk"])
            return JsonResponse({"message": str(error), "revision": revision}, status=409)
        except ValidationError as error:
            return _refusal(" ".join(error.messages), 422, next(iter(getattr(error, "message_dict", {})), ""))

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer."""
        raise NotImplementedError


def _refusal(message: str, status: int, path: str = "") -> JsonResponse:
    return JsonResponse({"message": message, "path": path}, status=status)


def _body(request: HttpRequest) -> Mapping[str, Any]:
    try:
        if int(request.headers.get("Content-Length") or 0) > LARGEST:
            raise TemplateInvalid(_("This is too large for a message."))
        body = orjson.loads(request.body)
    except (RecursionError, orjson.JSONDecodeError) as error:
        raise TemplateInvalid(_("The page sent something that cannot be read. Reload it.")) from error
    if not isinstance(body, dict):
        raise TemplateInvalid(_("The page sent something that cannot be read. Reload it."))
    return body
