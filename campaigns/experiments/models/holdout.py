"""The global control group: people whom no campaign writes to, so that all of it can be measured."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer


class GlobalHoldout(models.Model):
    """One period of the global control group, with a salt of its own: a new period is a new draw."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    salt = models.CharField(_("salt"), max_length=64, unique=True, editable=False)
    share = models.DecimalField(
        _("share"),
        max_digits=4,
        decimal_places=3,
        validators=[MinValueValidator(0.001), MaxValueValidator(0.5)],
    )
    started_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("global control group")
        verbose_name_plural = _("global control groups")
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(ended_at=None), name="one_global_holdout"
            )
        ]

    def __str__(self) -> str:
        return f"{self.share:.1%} · {self.started_at:%Y-%m-%d}"


class HoldoutMember(models.Model):
    """Somebody in the global control group, from when to when."""

    holdout = models.ForeignKey(
        GlobalHoldout, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    entered_at = models.DateTimeField(_("since"))
    left_at = models.DateTimeField(_("until"), null=True)

    class Meta:
        verbose_name = _("member of the global control group")
        verbose_name_plural = _("members of the global control group")
        constraints = [
            models.UniqueConstraint(fields=["holdout", "customer"], name="holdout_member_once"),
        ]
        indexes = [
            models.Index(
                fields=["customer"], condition=models.Q(left_at__isnull=True), name="holdout_member_now"
            )
        ]

    def __str__(self) -> str:
        return str(self.customer_id)
