"""What came back: bounces and complaints."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Channel


class ReturnKind(models.TextChoices):
    """What was said about a message after it had gone."""

    BOUNCE = "bounce", _("bounce")
    COMPLAINT = "complaint", _("complaint")


class BounceClass(models.TextChoices):
    """What a bounce means for the address; a complaint has none."""

    HARD = "hard", _("address does not exist")
    SOFT = "soft", _("not now")
    BLOCK = "block", _("refused for its content or sender")
    AUTO_REPLY = "auto_reply", _("automatic reply")
    CHALLENGE = "challenge", _("asks for a confirmation")
    DELAYED = "delayed", _("still being tried")
    UNKNOWN = "", _("unclear")


class Return(models.Model):
    """One bounce or complaint, once however often it is told. The address stands as a keyed hash only."""

    key = models.CharField(max_length=64, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=ReturnKind)
    bounce_class = models.CharField(_("class"), max_length=10, choices=BounceClass, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    run_id = models.UUIDField(_("run"), null=True)
    message = models.BigIntegerField(_("message"), null=True)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    address_hash = models.CharField(max_length=64, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=15, blank=True, help_text=_("As in RFC 3463."))
    diagnostic = models.CharField(_("reason given"), max_length=300, blank=True)
    source = models.CharField(_("told by"), max_length=30)
    occurred_at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("bounce or complaint")
        verbose_name_plural = _("bounces and complaints")
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["run_id", "kind", "bounce_class"], name="return_run"),
            models.Index(fields=["address_hash", "occurred_at"], name="return_address"),
            models.Index(fields=["-received_at"], name="return_received"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.status}".strip()
