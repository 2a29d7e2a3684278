"""Tables of the machinery itself. No domain models live here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """The last sign of life of a part of the system, written by the part itself."""

    name = models.CharField(_("part"), max_length=100, primary_key=True)
    at = models.DateTimeField(_("last sign of life"))
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name


class PeriodicSlot(models.Model):
    """One due run of a periodic job. The unique slot makes the job's effect happen once."""

    job = models.CharField(_("periodic job"), max_length=100)
    scheduled_for = models.DateTimeField(_("due at"))
    started_at = models.DateTimeField(_("began"))
    finished_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("periodic run")
        verbose_name_plural = _("periodic runs")
        constraints = [models.UniqueConstraint(fields=["job", "scheduled_for"], name="periodic_slot_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.scheduled_for:%Y-%m-%d %H:%M}"


class IdempotencyKey(models.Model):
    """The answer given to a write that carried an Idempotency-Key, kept to be given again."""

    scope = models.CharField(max_length=200, help_text="Who asked, and which call.")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the body.")
    status = models.PositiveSmallIntegerField(null=True, help_text="Null while the first call is in flight.")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return self.key
