"""Offers that apply by themselves: conditions, a benefit, and how they combine."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7

from .benefits import parse_benefit
from .conditions import parse_conditions
from .querysets import PromotionQuerySet
from .vocabulary import RuleInvalid


class Promotion(models.Model):
    """A rule about carts: when it applies and what it gives.

    Conditions and benefit are JSON in the vocabulary of campaigns.promotions.conditions and
    .benefits. `used` and `spent` change only by one conditional UPDATE.
    """

    class Stacking(models.TextChoices):
        ALWAYS = "always", _("always combines")
        COMMON = "common", _("the best one of its kind")
        NEVER = "never", _("excludes all others")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(_("short name"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=150)
    conditions = models.JSONField(_("conditions"), default=list, blank=True)
    benefit = models.JSONField(_("benefit"))
    stacking = models.CharField(_("combining"), max_length=10, choices=Stacking, default=Stacking.COMMON)
    priority = models.IntegerField(_("priority"), default=0)
    needs_code = models.BooleanField(_("needs a coupon code"), default=False)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=True)
    limit = models.PositiveIntegerField(_("times at most"), null=True, blank=True)
    used = models.PositiveIntegerField(_("times used"), default=0, editable=False)
    limit_per_customer = models.PositiveIntegerField(_("times per customer"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    budget = models.DecimalField(_("budget"), max_digits=14, decimal_places=2, null=True, blank=True)
    spent = models.DecimalField(_("spent"), max_digits=14, decimal_places=2, default=0, editable=False)
    created_at = models.DateTimeField(_("created"))

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-priority", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(limit=None) | models.Q(used__lte=models.F("limit")),
                name="promotion_within_limit",
            ),
            models.CheckConstraint(
                condition=models.Q(budget=None) | models.Q(spent__lte=models.F("budget")),
                name="promotion_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check that conditions and benefit follow the vocabulary and the period is not reversed."""
        errors = {}
        try:
            parse_conditions(self.conditions)
        except RuleInvalid as error:
            errors["conditions"] = str(error)
        try:
            parse_benefit(self.benefit)
        except RuleInvalid as error:
            errors["benefit"] = str(error)
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            errors["ends_at"] = gettext("The end must lie after the start.")
        if errors:
            raise ValidationError(errors)


class BudgetEntry(models.Model):
    """A change of a promotion's spending. Append-only; the sum is the promotion's `spent`."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="ledger")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    reference = models.CharField(_("for"), max_length=150)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("budget entry")
        verbose_name_plural = _("budget ledger")
        constraints = [models.UniqueConstraint(fields=["promotion", "reference"], name="budget_entry_once")]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount}"
