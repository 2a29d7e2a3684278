"""What models say of customers, and how each was trained."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer


class ScoreVersion(models.Model):
    """One training of one score: what it saw, how good it was, or what was missing for it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=20)
    as_of = models.DateTimeField(_("trained on facts before"))
    known = models.BooleanField(_("known"))
    active = models.BooleanField(_("in use"), default=False)
    model = models.CharField(_("model"), max_length=20, blank=True)
    customers = models.PositiveIntegerField(_("customers scored"), default=0)
    card = models.JSONField(
        _("card"),
        default=dict,
        help_text=_("How it was trained, compared and measured; for an unknown score, what is missing."),
    )
    drift = models.JSONField(
        _("drift"),
        default=list,
        help_text=_(
            "Population stability index of each feature against the training window; above 0.25 train again."
        ),
    )
    artifact = models.CharField(_("folder of the model"), max_length=300, blank=True)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("score version")
        verbose_name_plural = _("score versions")
        ordering = ["-created_at", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(active=True), name="one_active_score_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} as of {self.as_of:%Y-%m-%d}"


class CustomerScore(models.Model):
    """A model's statement about a customer. A missing row means: not known."""

    class Kind(models.TextChoices):
        CHURN = "churn", _("churn risk")
        PURCHASE = "purchase", _("will buy")
        REDEMPTION = "redemption", _("will redeem")
        CLICK = "click", _("will click")
        LIFETIME_VALUE = "lifetime_value", _("lifetime value")
        UPLIFT = "uplift", _("uplift")

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="scores", verbose_name=_("customer"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    model_version = models.CharField(_("model version"), max_length=64)
    score = models.FloatField(_("score"))
    low = models.FloatField(_("from"), null=True)
    high = models.FloatField(_("to"), null=True)
    reasons = models.JSONField(_("reasons"), default=list)
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [models.UniqueConstraint(fields=["customer", "kind"], name="score_once")]
        indexes = [models.Index(fields=["kind", "score"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.score:.3f}"
