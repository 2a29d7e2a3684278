"""Offers that apply by themselves: conditions, a benefit, how they combine, and what they gave."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.ids import uuid7
from customers.models import Customer

from .benefits import parse_benefit
from .conditions import parse_conditions
from .querysets import PromotedOrderQuerySet, PromotionQuerySet
from .vocabulary import Amounts, RuleInvalid, parts_of


class Promotion(models.Model):
    """A rule about carts: when it applies and what it gives.

    Conditions and benefit are JSON in the vocabulary of campaigns.promotions.conditions and
    .benefits. `used` and `spent` change only by one conditional UPDATE.
    """

    class Stacking(models.TextChoices):
        ALWAYS = "always", _("always combines")
        COMMON = "common", _("the best one for each line")
        NEVER = "never", _("excludes all others")

    class Prices(models.TextChoices):
        GROSS = "gross", _("with tax")
        NET = "net", _("without tax")

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
    limit_per_customer = models.PositiveIntegerField(
        _("times per customer"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    limit_per_day = models.PositiveIntegerField(
        _("times a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("The shop's day, from midnight to midnight."),
    )
    currency = models.CharField(_("currency"), max_length=3)
    also_in = ArrayField(
        models.CharField(max_length=3, validators=[RegexValidator("^[A-Z]{3}$")]),
        verbose_name=_("further currencies"),
        default=list,
        db_default=models.Value([], ArrayField(models.CharField(max_length=3))),
        blank=True,
        help_text=_("Amounts of money are then written for each currency. The budget counts in the first."),
    )
    prices = models.CharField(
        _("amounts are meant"),
        max_length=5,
        choices=Prices,
        default=Prices.GROSS,
        db_default=Prices.GROSS,
        help_text=_("Thresholds and amounts of the rules; a cart states its prices alike."),
    )
    budget = models.DecimalField(_("budget"), max_digits=15, decimal_places=3, null=True, blank=True)
    spent = models.DecimalField(_("spent"), max_digits=15, decimal_places=3, default=0, editable=False)
    created_at = models.DateTimeField(_("created"))
    version = models.PositiveIntegerField(
        _("version"),
        default=1,
        db_default=1,
        editable=False,
        help_text=_("Rises with every change of the rule."),
    )
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering = ["-priority", "name"]
        permissions = [("activate_promotion", _("Can switch promotions on and off"))]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(archived_at=None) | models.Q(active=False),
                name="promotion_archived_is_off",
            ),
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
        for field, read in (("conditions", parse_conditions), ("benefit", parse_benefit)):
            try:
                self._check_currencies(read(getattr(self, field)), field)
            except RuleInvalid as error:
                errors[field] = str(error)
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            errors["ends_at"] = gettext("The end must lie after the start.")
        if errors:
            raise ValidationError(errors)

    def _check_currencies(self, rules: object, path: str) -> None:
        held = frozenset([self.currency, *self.also_in])
        for amounts in parts_of(rules, Amounts):
            if lacking := amounts.lacks(held):
                raise RuleInvalid(
                    path,
                    gettext("Write each amount of money for every currency; %(currencies)s is missing.")
                    % {"currencies": ", ".join(sorted(lacking))},
                )


class BudgetEntry(models.Model):
    """A change of what a promotion gave. Append-only; the sums are the promotion's `spent` and `used`.

    `day` and `customer` say under which further limits the use was counted, so that taking it back
    counts down the same.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="ledger", db_index=False)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=3)
    uses = models.SmallIntegerField(_("uses"), default=0, db_default=0)
    reference = models.CharField(_("for"), max_length=150)
    day = models.DateField(_("counted for the day"), null=True)
    customer = models.ForeignKey(
        Customer,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("counted for the customer"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("budget entry")
        verbose_name_plural = _("budget ledger")
        constraints = [models.UniqueConstraint(fields=["promotion", "reference"], name="budget_entry_once")]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount}"


class DayCount(models.Model):
    """How often a promotion that is limited by the day was used on one; `most` is the limit it knew."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField(_("day"))
    used = models.PositiveIntegerField(_("times used"))
    most = models.PositiveIntegerField(_("times at most"))

    class Meta:
        verbose_name = _("uses on a day")
        verbose_name_plural = _("uses by day")
        constraints = [
            models.UniqueConstraint(fields=["promotion", "day"], name="day_count_once"),
            models.CheckConstraint(condition=models.Q(used__lte=models.F("most")), name="day_within_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.used}"


class CustomerCount(models.Model):
    """How often a customer used a promotion that is limited per customer; `most` is the limit it knew."""

    promotion = models.ForeignKey(
        Promotion, on_delete=models.CASCADE, related_name="shoppers", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    used = models.PositiveIntegerField(_("times used"))
    most = models.PositiveIntegerField(_("times at most"))

    class Meta:
        verbose_name = _("uses of a customer")
        verbose_name_plural = _("uses by customer")
        constraints = [
            models.UniqueConstraint(fields=["promotion", "customer"], name="customer_count_once"),
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("most")), name="customer_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.used}"


class PromotedOrder(models.Model):
    """An order on which promotions without a code were reserved or used, with the answer it was given.

    `answer` is what the shop was told, for its repeat; `cart_hash` tells a repeat from another cart.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        REDEEMED = "redeemed", _("redeemed")
        RELEASED = "released", _("released")
        ROLLED_BACK = "rolled_back", _("rolled back")

    order_id = models.CharField(_("order"), max_length=100, unique=True)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("customer")
    )
    state = models.CharField(_("state"), max_length=11, choices=State)
    amount = models.DecimalField(_("amount before discounts"), max_digits=17, decimal_places=3)
    discount = models.DecimalField(_("discount"), max_digits=17, decimal_places=3)
    refunded = models.DecimalField(_("refunded"), max_digits=17, decimal_places=3, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    refunds = ArrayField(models.CharField(max_length=100), default=list, editable=False)
    cart_hash = models.CharField(max_length=64, editable=False)
    answer = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), null=True)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = PromotedOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order with promotions")
        verbose_name_plural = _("orders with promotions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded__lte=models.F("amount")), name="refunded_within_order"
            )
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=models.Q(state="reserved"), name="promoted_order_expiry"
            )
        ]

    def __str__(self) -> str:
        return self.order_id


class PromotionUse(models.Model):
    """One promotion on one order. `counted` is its discount in the currency of the budget."""

    order = models.ForeignKey(PromotedOrder, on_delete=models.CASCADE, related_name="uses", db_index=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="uses")
    discount = models.DecimalField(_("discount"), max_digits=17, decimal_places=3)
    counted = models.DecimalField(_("from the budget"), max_digits=15, decimal_places=3)
    given_back = models.DecimalField(_("given back"), max_digits=15, decimal_places=3, default=0)
    deposit_units = models.DecimalField(_("units by deposit"), max_digits=9, decimal_places=0, default=0)

    class Meta:
        verbose_name = _("use of a promotion")
        verbose_name_plural = _("uses of promotions")
        constraints = [
            models.UniqueConstraint(fields=["order", "promotion"], name="promotion_use_once"),
            models.CheckConstraint(
                condition=models.Q(given_back__lte=models.F("counted")), name="given_back_within_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} on {self.order_id}"
