"""Codes that open a promotion, and their life from a pool to a till."""

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
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("coupon pool")
        verbose_name_plural = _("coupon pools")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Coupon(models.Model):
    """A code. `used` changes only by `UPDATE … WHERE used < limit`, and a CHECK stands behind it."""

    pool = models.ForeignKey(
        CouponPool, on_delete=models.PROTECT, related_name="coupons", verbose_name=_("pool")
    )
    code = models.CharField(_("code"), max_length=40, unique=True, help_text="Upper case, without spaces.")
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
        help_text="The campaign; a reminder shows the same code.",
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
        ]

    def __str__(self) -> str:
        return self.code


class Reservation(models.Model):
    """A use of a code kept free for an order until it expires."""

    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="reservations")
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
        Coupon, on_delete=models.PROTECT, related_name="redemptions", verbose_name=_("coupon")
    )
    customer = models.ForeignKey(
        Customer,
        null=True,
        on_delete=models.SET_NULL,
        related_name="redemptions",
        verbose_name=_("customer"),
    )
    order_id = models.CharField(_("order"), max_length=100)
    discount = models.DecimalField(_("discount"), max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(_("currency"), max_length=3)
    redeemed_at = models.DateTimeField(_("redeemed"))
    rolled_back_at = models.DateTimeField(_("rolled back"), null=True)

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        ordering = ["-redeemed_at"]
        constraints = [models.UniqueConstraint(fields=["coupon", "order_id"], name="redemption_once")]

    def __str__(self) -> str:
        return f"{self.coupon_id} on {self.order_id}"
