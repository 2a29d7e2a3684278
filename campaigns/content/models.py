"""What is said: templates with versions, compiled once and rendered per person."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7

#: The block language's own version number, stored with every version of a template.
BLOCK_LANGUAGE = 1


class Template(models.Model):
    """A named e-mail; its wording lives in versions."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=150, unique=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("e-mail template")
        verbose_name_plural = _("e-mail templates")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One wording: blocks as a marketer wrote them and the HTML and text compiled from them."""

    template = models.ForeignKey(
        Template, on_delete=models.CASCADE, related_name="versions", verbose_name=_("template")
    )
    number = models.PositiveIntegerField(_("version"))
    subject = models.CharField(_("subject"), max_length=300)
    preheader = models.CharField(_("preheader"), max_length=300, blank=True)
    blocks = models.JSONField(_("blocks"))
    block_language = models.PositiveSmallIntegerField(default=BLOCK_LANGUAGE, editable=False)
    html = models.TextField(_("compiled HTML"), editable=False)
    text = models.TextField(_("compiled text"), editable=False)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("by"))

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_version_once")]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"
