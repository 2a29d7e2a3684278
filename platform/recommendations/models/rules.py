"""What a shop's people say about every list, whatever the models say."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Category, Product
from recommendations.models.demand import Supply
from recommendations.models.strategies import Objective

#: The least and the most that a rule's number can be.
_SPANS = {"boost": (1, 100), "bury": (0, 1), "cap": (1, 100), "diversity": (0, 1)}


class ListRule(models.Model):
    """A rule that every list keeps to: on the website, in mails, over REST."""

    class Kind(models.TextChoices):
        PIN = "pin", _("Pin")
        BOOST = "boost", _("Boost")
        BURY = "bury", _("Bury")
        EXCLUDE = "exclude", _("Exclude")
        CAP = "cap", _("At most so many of a category")
        DIVERSITY = "diversity", _("Variety")

    kind = models.CharField(_("what it does"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=100)
    objective = models.CharField(
        _("lists"),
        max_length=10,
        choices=Objective,
        blank=True,
        help_text=_("Empty: lists of both kinds."),
    )
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name=_("product")
    )
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("category"),
        help_text=_("With everything below it."),
    )
    brand = models.CharField(_("brand"), max_length=200, blank=True)
    supply = models.CharField(
        _("stock"),
        max_length=4,
        choices=Supply,
        blank=True,
        default="",
        db_default="",
        help_text=_("Products whose stock stands so to the forecast of their demand, at each moment."),
    )
    number = models.DecimalField(
        _("how much"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_(
            "Boost: times its worth, as 1.5. Bury: times its worth, as 0.5. At most: how many. "
            "Variety: from 0 (by worth alone) to 1 (as different as can be)."
        ),
    )
    active = models.BooleanField(_("active"), default=True)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("rule for lists")
        verbose_name_plural = _("rules for lists")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a rule that says nothing, or too much. Raises ValidationError by field."""
        errors: dict[str, Any] = {}
        named = [bool(self.product_id), bool(self.category_id), bool(self.brand), bool(self.supply)]
        if self.kind in (self.Kind.BOOST, self.Kind.BURY, self.Kind.EXCLUDE) and sum(named) == 0:
            errors["product"] = _("Say which products: one product, a category, a brand, or by their stock.")
        if self.kind == self.Kind.PIN and (not self.product_id or sum(named) > 1):
            errors["product"] = _("Pin one product.")
        if self.kind == self.Kind.CAP and (self.product_id or self.brand or self.supply):
            errors["category"] = _("A cap is for a category, or for each of them.")
        if self.kind == self.Kind.DIVERSITY and any(named):
            errors["category"] = _("Variety is for whole lists.")
        least, most = _SPANS.get(self.kind, (None, None))
        if least is not None and most is not None:
            if self.number is None or not least <= self.number <= most:
                errors["number"] = _("Write a number from %(least)s to %(most)s.") % {
                    "least": least,
                    "most": most,
                }
            elif self.kind == self.Kind.CAP and self.number != int(self.number):
                errors["number"] = _("Write a whole number.")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            errors["ends_at"] = _("It ends before it begins.")
        if errors:
            raise ValidationError(errors)
