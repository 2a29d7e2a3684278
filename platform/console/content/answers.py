"""Small JSON answers for the editor, with a sentence and a place for whatever is refused."""

from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from accounts.models import User
from campaigns.content.brand import ChangedMeanwhileError
from campaigns.content.liquid import TemplateInvalid
from campaigns.content.models import Template
from console import answers
from console.answers import Refused


class Answer(answers.Answer):
    """Answer a question of the editor about one template. Subclasses implement `answer`."""

    permission_required: tuple[str, ...] = ("content.view_template",)
    largest = 2_000_000  # no template within the limits of the language is longer
    too_large = gettext_lazy("This is too large for a message.")
    errors = (TemplateInvalid, ChangedMeanwhileError, ValidationError)

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

    def refusal_of(self, error: Any) -> Refused:
        """Name the part of the message; of a conflict the present revision, so that one may write over it."""
        if isinstance(error, ChangedMeanwhileError):
            revision = Template.objects.values_list("revision", flat=True).get(pk=self.kwargs["pk"])
            return Refused(str(error), 409, revision=revision)
        if isinstance(error, TemplateInvalid):
            return Refused(str(error), path=error.path)
        return Refused(" ".join(error.messages), path=next(iter(getattr(error, "message_dict", {})), ""))
