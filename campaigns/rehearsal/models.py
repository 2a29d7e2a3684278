"""What came of rehearsals."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from campaigns.models import Campaign
from core.ids import uuid7


class Rehearsal(models.Model):
    """A campaign played on the shop's past as of a moment. Append-only.

    `inputs` say what was played (dates, window, audience with its version), `figures` what came out, and
    `digest` is that of both: the same plan on the same facts by the same code has the same one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.CASCADE,
        related_name="rehearsals",
        verbose_name=_("campaign"),
        db_index=False,
    )
    fingerprint = models.CharField(max_length=64, help_text="Of the plan (campaigns.planning.fingerprint).")
    as_of = models.DateTimeField(_("as of"))
    code_version = models.CharField(max_length=20)
    inputs = models.JSONField(_("what was played"))
    figures = models.JSONField(_("figures"))
    digest = models.CharField(max_length=64)
    seconds = models.FloatField(_("seconds"))
    created_at = models.DateTimeField(_("rehearsed"))
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("rehearsal")
        verbose_name_plural = _("rehearsals")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["campaign", "-created_at"], name="rehearsal_latest")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.created_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it once. Raises ValueError for a change."""
        if not self._state.adding:
            raise ValueError("A rehearsal is never changed. Rehearse again.")
        super().save(*args, **kwargs)
