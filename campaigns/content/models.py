"""What is said: templates with versions, compiled once and rendered per person; and the brand's looks."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.ids import uuid7

from .blocks.social import read_links
from .liquid import TemplateInvalid

#: The block language's own version number, stored with every version of a template.
BLOCK_LANGUAGE = 2


class Medium(models.TextChoices):
    """What a template is written for."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    PUSH = "push", _("notification")


class Template(models.Model):
    """A named message; its wording lives in versions, and what is being written in the draft."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=150, unique=True)
    channel = models.CharField(
        _("channel"), max_length=10, choices=Medium, default=Medium.EMAIL, db_default=Medium.EMAIL
    )
    draft = models.JSONField(_("draft"), null=True, editable=False)
    #: Counts every change of the draft, so that nobody writes over what they have not seen.
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    changed_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("e-mail template")
        verbose_name_plural = _("e-mail templates")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """One wording: blocks as a marketer wrote them and the HTML and text compiled from them.

    `translations` holds by language what is said differently: `{"zh-hans": {"subject", "preheader",
    "blocks": {"b3": {"text": …}}}}`; `compiled` what was made of it: `{"zh-hans": {"subject", "preheader",
    "html", "text"}}`. `wants` says what a rendering needs: products, a code, segments, bundles.
    """

    template = models.ForeignKey(
        Template,
        on_delete=models.CASCADE,
        related_name="versions",
        verbose_name=_("template"),
        db_index=False,
    )
    number = models.PositiveIntegerField(_("version"))
    locale = models.CharField(_("language"), max_length=20, default="en", db_default="en")
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    preheader = models.CharField(_("preheader"), max_length=300, blank=True)
    blocks = models.JSONField(_("blocks"))
    translations = models.JSONField(
        _("translations"), default=dict, db_default=models.Value({}, models.JSONField())
    )
    block_language = models.PositiveSmallIntegerField(default=BLOCK_LANGUAGE, editable=False)
    html = models.TextField(_("compiled HTML"), editable=False)
    text = models.TextField(_("compiled text"), editable=False)
    compiled = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), editable=False)
    wants = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, verbose_name=_("by"))

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_version_once")]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class Picture(models.Model):
    """A picture of a mail, kept by its content and served to everybody who has the mail."""

    MOST_BYTES = 1_000_000

    digest = models.CharField(primary_key=True, max_length=64, editable=False)
    content_type = models.CharField(max_length=20)
    content = models.BinaryField(editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def __str__(self) -> str:
        return self.name or self.digest[:12]


def _check_links(value: object) -> None:
    try:
        read_links(value, "social")
    except TemplateInvalid as error:
        raise ValidationError(str(error)) from error


_COLOUR = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Write a colour as #0f766e."))


class BrandKit(models.Model):
    """The shop's looks in everything it sends. There is one."""

    class Font(models.TextChoices):
        SYSTEM = "system", _("the reader's own")
        HELVETICA = "helvetica", "Helvetica"
        GEORGIA = "georgia", "Georgia"
        PALATINO = "palatino", "Palatino"
        VERDANA = "verdana", "Verdana"
        TREBUCHET = "trebuchet", "Trebuchet"
        COURIER = "courier", "Courier"

    logo = models.ForeignKey(
        Picture, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("logo")
    )
    logo_width = models.PositiveSmallIntegerField(
        _("width of the logo in pixels"),
        default=140,
        validators=[MinValueValidator(40), MaxValueValidator(400)],
    )
    accent = models.CharField(_("brand colour"), max_length=7, default="#0f766e", validators=[_COLOUR])
    ink = models.CharField(_("text"), max_length=7, default="#0f172a", validators=[_COLOUR])
    paper = models.CharField(_("paper"), max_length=7, default="#ffffff", validators=[_COLOUR])
    ground = models.CharField(_("around the paper"), max_length=7, default="#f1f5f9", validators=[_COLOUR])
    font = models.CharField(_("font of texts"), max_length=12, choices=Font, default=Font.SYSTEM)
    heading_font = models.CharField(_("font of headlines"), max_length=12, choices=Font, default=Font.SYSTEM)
    radius = models.PositiveSmallIntegerField(
        _("round corners in pixels"), default=8, validators=[MaxValueValidator(28)]
    )
    footer = models.TextField(_("text of the footer"), max_length=1000, blank=True)
    address = models.CharField(
        _("postal address"), max_length=300, blank=True, help_text=_("Empty: the one of the installation.")
    )
    social = models.JSONField(_("social links"), default=list, blank=True, validators=[_check_links])
    revision = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(_("changed"), null=True, editable=False)

    class Meta:
        verbose_name = _("brand kit")
        verbose_name_plural = _("brand kit")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_brand_kit"),
        ]

    def __str__(self) -> str:
        return str(_("Brand"))
