"""Codes that open a promotion, and their life from a pool to a till."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.promotions.models import Promotion
from core.ids import uuid7
from customers.models import Customer

from .querysets import CouponQuerySet


class CouponPool(models.Model):
    """A stock of codes for one promotion."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=150, unique=True)
    promotion = models.ForeignKey(
        Promotion, on_delete=models.PROTECT, related_name="pools", verbose_name=_("promotion")
    )
    prefix = models.CharField(_("prefix"), max_length=10, blank=True)
    valid_hours = models.PositiveIntegerField(
        _("valid hours"),
        null=True,
        blank=True,
        help_text=_("Counted from the assignment; empty: as long as the promotion."),
    )
    low_stock = models.PositiveIntegerField(
        _("warn below"),
        default=100,
        db_default=100,
        help_text=_("So many codes that nobody has yet; 0 never warns."),
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("coupon pool")
        verbose_name_plural = _("coupon pools")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PoolWarning(models.Model):
    """What a pool was warned of, once: its stock runs low, or its codes or promotion are about to end.

    Cleared when the reason is gone, so that the next time is told again.
    """

    class Kind(models.TextChoices):
        LOW = "low", _("few codes left")
        EXPIRING = "expiring", _("codes about to expire")
        ENDING = "ending", _("promotion about to end")

    pool = models.ForeignKey(CouponPool, on_delete=models.CASCADE, related_name="warnings", db_index=False)
    kind = models.CharField(_("warning"), max_length=10, choices=Kind)
    count = models.PositiveIntegerField(_("codes"))
    due_at = models.DateTimeField(_("when"), null=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("pool warning")
        verbose_name_plural = _("pool warnings")
        constraints = [models.UniqueConstraint(fields=["pool", "kind"], name="pool_warning_once")]

    def __str__(self) -> str:
        return f"{self.pool}: {self.get_kind_display()}"


class Coupon(models.Model):
    """A code. `used` changes only by `UPDATE … WHERE used < limit`, and a CHECK stands behind it."""

    pool = models.ForeignKey(
        CouponPool, on_delete=models.PROTECT, related_name="coupons", verbose_name=_("pool")
    )
    code = models.CharField(_("code"), max_length=40, unique=True, help_text=_("Upper case, without spaces."))
    customer = models.ForeignKey(
        Customer,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="coupons",
        verbose_name=_("customer"),
    )
    assigned_for = models.CharField(
        _("assigned for"),
        max_length=64,
        blank=True,
        help_text=_("The campaign; a reminder shows the same code."),
    )
    assigned_at = models.DateTimeField(_("assigned"), null=True)
    expires_at = models.DateTimeField(_("expires"), null=True)
    limit = models.PositiveIntegerField(_("times at most"), default=1)
    used = models.PositiveIntegerField(_("times used"), default=0)
    created_at = models.DateTimeField(_("created"))

    objects = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("limit")), name="coupon_within_limit"
            ),
            models.UniqueConstraint(
                fields=["pool", "customer", "assigned_for"],
                condition=models.Q(customer__isnull=False),
                name="coupon_per_person_once",
            ),
        ]
        indexes = [
            models.Index(fields=["pool", "id"], condition=models.Q(customer=None), name="coupon_free"),
            models.Index(
                fields=["pool", "expires_at"],
                condition=models.Q(customer__isnull=False, expires_at__isnull=False),
                name="coupon_expiry",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Reservation(models.Model):
    """A use of a code kept free for an order until it expires."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="reservations", db_index=False)
    order_id = models.CharField(_("order"), max_length=100)
    expires_at = models.DateTimeField(_("expires"))
    released_at = models.DateTimeField(_("released"), null=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [models.UniqueConstraint(fields=["coupon", "order_id"], name="reservation_once")]

    def __str__(self) -> str:
        return f"{self.coupon_id} for {self.order_id}"


class Redemption(models.Model):
    """A code used on an order."""

    coupon = models.ForeignKey(
        Coupon, on_delete=models.PROTECT, related_name="redemptions", verbose_name=_("coupon"), db_index=False
    )
    customer = models.ForeignKey(
        Customer,
        null=True,
        on_delete=models.SET_NULL,
        related_name="redemptions",
        verbose_name=_("customer"),
    )
    order_id = models.CharField(_("order"), max_length=100)
    discount = models.DecimalField(_("discount"), max_digits=15, decimal_places=3, null=True)
    currency = models.CharField(_("currency"), max_length=3)
    counted = models.DecimalField(_("from the budget"), max_digits=15, decimal_places=3, null=True)
    order_amount = models.DecimalField(
        _("amount before discounts"), max_digits=17, decimal_places=3, null=True
    )
    refunded = models.DecimalField(_("refunded"), max_digits=17, decimal_places=3, default=0, db_default=0)
    refunds = ArrayField(
        models.CharField(max_length=100),
        default=list,
        db_default=models.Value([], ArrayField(models.CharField(max_length=100))),
        editable=False,
    )
    given_back = models.DecimalField(
        _("given back"), max_digits=15, decimal_places=3, default=0, db_default=0
    )
    redeemed_at = models.DateTimeField(_("redeemed"))
    rolled_back_at = models.DateTimeField(_("rolled back"), null=True)

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        ordering = ["-redeemed_at"]
        constraints = [
            models.UniqueConstraint(fields=["coupon", "order_id"], name="redemption_once"),
            models.CheckConstraint(
                condition=models.Q(refunded=0) | models.Q(refunded__lte=models.F("order_amount")),
                name="redemption_refunded_within_order",
            ),
            models.CheckConstraint(
                condition=models.Q(given_back=0) | models.Q(given_back__lte=models.F("counted")),
                name="redemption_given_back_within_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} on {self.order_id}"
