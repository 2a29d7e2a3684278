"""What each product will sell in the next four weeks, and how good such forecasts have been."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.ids import uuid7


class Supply(models.TextChoices):
    """How a product's stock stands to its demand."""

    LOW = "low", _("low on stock")
    OVER = "over", _("overstocked")


class DemandForecast(models.Model):
    """Units of a product in the four weeks after `as_of`; replaced by each forecast.

    `expected` is the mean, `middle` the best single figure for one product; 90 % of what comes lies
    between `low` and `high`.
    """

    product = models.OneToOneField(
        Product, primary_key=True, on_delete=models.CASCADE, related_name="demand", verbose_name=_("product")
    )
    as_of = models.DateTimeField(_("as of"))
    expected = models.FloatField(_("expected"))
    low = models.FloatField(_("at least"))
    middle = models.FloatField(_("in the middle"))
    high = models.FloatField(_("at most"))
    sold = models.FloatField(_("sold in the four weeks before"))

    class Meta:
        verbose_name = _("forecast of demand")
        verbose_name_plural = _("forecasts of demand")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.expected:.1f}"


class DemandRun(models.Model):
    """One forecast of all products: by which method, and how good that was on the last four weeks."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    as_of = models.DateTimeField(_("as of"))
    created_at = models.DateTimeField(_("created"))
    method = models.CharField(_("method"), max_length=20)
    products = models.PositiveIntegerField(_("products"))
    quality = models.JSONField(
        _("figures"),
        default=dict,
        help_text="recommender.demand.Quality; empty in a history too short to tell.",
    )

    class Meta:
        verbose_name = _("forecast run")
        verbose_name_plural = _("forecast runs")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"
