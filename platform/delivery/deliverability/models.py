"""What keeps mail welcome: alarms that paused a run, and the last look at the sender's domain."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Alarm(models.Model):
    """A run that was paused because too many complained or bounced. Once for a run and kind."""

    class Kind(models.TextChoices):
        COMPLAINTS = "complaints", _("too many complaints")
        BOUNCES = "bounces", _("too many addresses that do not exist")

    run_id = models.UUIDField(_("run"))
    kind = models.CharField(_("why"), max_length=10, choices=Kind)
    offered = models.PositiveIntegerField(_("messages"))
    returned = models.PositiveIntegerField(_("came back"))
    raised_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-raised_at"]
        constraints = [models.UniqueConstraint(fields=["run_id", "kind"], name="alarm_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.returned}/{self.offered}"

    @property
    def rate(self) -> float:
        """Return the share that came back."""
        return self.returned / self.offered


class DomainCheck(models.Model):
    """What the DNS said about a sender's domain when it was last asked."""

    domain = models.CharField(_("domain"), max_length=253, primary_key=True)
    findings = models.JSONField(default=list)
    checked_at = models.DateTimeField(_("checked"))

    class Meta:
        verbose_name = _("domain check")
        verbose_name_plural = _("domain checks")

    def __str__(self) -> str:
        return self.domain
