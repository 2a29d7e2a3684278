"""What the shop offers. Items need not be goods: courses and savings products fit as well."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.Model):
    """A node of the category tree. `path` holds the slugs from the root, so a subtree is a prefix."""

    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children", verbose_name=_("in")
    )
    path = models.CharField(_("path"), max_length=600, unique=True)
    recommendable = models.BooleanField(
        _("may be recommended"),
        default=True,
        help_text=_("Switch off for what is sold but not advertised: fuel, deposits, stamps."),
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """Something that can be recommended, offered and bought."""

    sku = models.CharField(_("sku"), max_length=200, unique=True)
    name = models.CharField(_("name"), max_length=300)
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="products",
        verbose_name=_("category"),
    )
    brand = models.CharField(_("brand"), max_length=200, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    cost = models.DecimalField(
        _("cost"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("What one costs the shop: margins of offers are worked out from it."),
    )
    cost_currency = models.CharField(_("currency of the cost"), max_length=3, blank=True, db_default="")
    stock = models.IntegerField(
        _("stock"), null=True, blank=True, help_text=_("Empty where stock is not tracked.")
    )
    active = models.BooleanField(_("active"), default=True)
    url = models.URLField(_("page"), max_length=500, blank=True)
    image_url = models.URLField(_("picture"), max_length=500, blank=True)
    images = models.JSONField(
        _("further pictures"), default=list, db_default=models.Value([], models.JSONField()), blank=True
    )
    is_stub = models.BooleanField(
        _("incomplete"), default=False, help_text=_("Made from an event, before its own record arrived.")
    )
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.name


class PriceChange(models.Model):
    """A price that came into force. Events turn falls into price drops."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="price_changes", db_index=False
    )
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    at = models.DateTimeField(_("since"))
    noted = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price history")
        indexes = [
            models.Index(fields=["product", "-at"]),
            models.Index(fields=["id"], condition=models.Q(noted=False), name="price_change_new"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price} {self.currency}"


class StockChange(models.Model):
    """A stock level that was reported."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="stock_changes", db_index=False
    )
    stock = models.IntegerField(_("stock"))
    at = models.DateTimeField(_("since"))
    noted = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("stock change")
        verbose_name_plural = _("stock history")
        indexes = [
            models.Index(fields=["product", "-at"]),
            models.Index(fields=["id"], condition=models.Q(noted=False), name="stock_change_new"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.stock}"
