"""What lists did for people, week by week, and which products hardly anybody is shown."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from recommendations.models.strategies import Strategy


class StrategyWeek(models.Model):
    """A week of a strategy's answers: what was shown, and what people did after. Outlives the answers."""

    strategy = models.ForeignKey(
        Strategy, on_delete=models.CASCADE, related_name="weeks", verbose_name=_("strategy"), db_index=False
    )
    week = models.DateField(_("week from"), help_text="A Monday by the shop's clock.")
    answers = models.PositiveIntegerField(_("answers"))
    places = models.PositiveIntegerField(_("places"))
    fallback = models.PositiveIntegerField(_("places on fallback"))
    followed = models.PositiveIntegerField(_("answers to somebody who is known"))
    clicked = models.PositiveIntegerField(
        _("looked at"), help_text="Answers of which a product was looked at within a day."
    )
    bought = models.PositiveIntegerField(
        _("bought"), help_text="Answers of which a product was bought within a week."
    )
    products = models.PositiveIntegerField(_("products"), help_text="Different products that were shown.")
    gini = models.FloatField(
        _("concentration"), help_text="Gini coefficient of impressions over the products that could be shown."
    )

    class Meta:
        verbose_name = _("week of a strategy")
        verbose_name_plural = _("weeks of strategies")
        ordering = ["-week", "strategy"]
        constraints = [models.UniqueConstraint(fields=["strategy", "week"], name="strategy_week_once")]

    def __str__(self) -> str:
        return f"{self.strategy} {self.week}"


class ColdProduct(models.Model):
    """A product that fewer than five people bought, and the ways on which it is reached all the same."""

    product = models.OneToOneField(
        Product, primary_key=True, on_delete=models.CASCADE, related_name="cold", verbose_name=_("product")
    )
    buyers = models.PositiveIntegerField(_("buyers"))
    lists = models.PositiveIntegerField(_("people's lists"), help_text="Ready lists that hold it.")
    parts = models.JSONField(default=dict, help_text="Those by the part of the model that put it there.")
    beside = models.PositiveIntegerField(
        _("other products"), help_text="Products beside which it is shown as similar or bought together."
    )
    shown = models.PositiveIntegerField(_("shown"), help_text="In four weeks.")
    clicked = models.PositiveIntegerField(_("looked at"), help_text="By those who were shown it.")
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("product that hardly anybody bought")
        verbose_name_plural = _("products that hardly anybody bought")
        indexes = [models.Index(fields=["lists", "beside"])]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.buyers}"
