"""What home suggests, and who does not want to see it."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Suggestion(models.Model):
    """Something worth doing that the shop's data say, found by a rule (console.home.suggestions).

    `key` is the rule's, with what it is about; it stays the same as long as the reason lasts. `facts` are
    the figures that its sentence is made of, in whichever language; `draft` is what a campaign begins with.
    """

    key = models.CharField(_("key"), max_length=100, unique=True)
    rule = models.CharField(_("rule"), max_length=30)
    people = models.PositiveIntegerField(_("people"), default=0)
    worth = models.DecimalField(_("worth"), max_digits=16, decimal_places=2, default=0)
    facts = models.JSONField(_("facts"), default=dict)
    draft = models.JSONField(_("draft"), default=dict)
    since = models.DateTimeField(_("since"))
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-worth", "-people", "key"]

    def __str__(self) -> str:
        return self.key

    def fact(self, name: str, default: Any = None) -> Any:
        """Return one of the figures."""
        return self.facts.get(name, default)


class Dismissal(models.Model):
    """A suggestion that somebody does not want to see, for a while or, without `until`, again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(_("suggestion"), max_length=100)
    until = models.DateTimeField(_("until"), null=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("dismissed suggestion")
        verbose_name_plural = _("dismissed suggestions")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="dismissal_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.key}"
