"""Lists that are ready before anybody asks, and what was shown of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core.ids import uuid7
from customers.models import Customer
from recommendations.models.strategies import ModelVersion, Objective


class RecommendationList(models.Model):
    """A precomputed list: the same positions hold product, score and reason."""

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="lists", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="recommendation_lists")
    objective = models.CharField(_("objective"), max_length=10, choices=Objective)
    product_ids = ArrayField(models.BigIntegerField())
    scores = ArrayField(models.FloatField())
    reasons = models.JSONField(default=list)
    fallback = models.BooleanField(_("fallback"), default=False)
    computed_at = models.DateTimeField(_("computed"), db_default=Now())

    class Meta:
        verbose_name = _("recommendation list")
        verbose_name_plural = _("recommendation lists")
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "objective", "customer"], name="recommendation_list_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.objective} list of customer {self.customer_id}"


class ProductList(models.Model):
    """What goes with a product, computed with each training; without a product, what goes with everybody.

    The same positions hold product and score. `detail` says what a kind needs besides: the number of
    common baskets, the members of bundles.
    """

    class Kind(models.TextChoices):
        SIMILAR = "similar", _("similar")
        TOGETHER = "together", _("bought together")
        BUNDLE = "bundle", _("bundles")
        TRENDING = "trending", _("trending")
        POPULAR = "popular", _("popular")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    product = models.ForeignKey(
        Product,
        null=True,
        on_delete=models.CASCADE,
        related_name="lists",
        verbose_name=_("product"),
        db_index=False,
    )
    product_ids = ArrayField(models.BigIntegerField())
    scores = ArrayField(models.FloatField())
    detail = models.JSONField(default=list)
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("list of a product")
        verbose_name_plural = _("lists of products")
        constraints = [
            models.UniqueConstraint(
                fields=["product", "kind"], nulls_distinct=False, name="product_list_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id or ''}".strip()


class Decision(models.Model):
    """What was shown to whom, with which probability and what came of it: the ranker's training set.

    `eligible` holds what could have been shown, each with its probability `p`; they sum to 1. Without
    customer and actor it was shown to somebody unknown.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey(
        Customer,
        null=True,
        on_delete=models.CASCADE,
        related_name="decisions",
        verbose_name=_("customer"),
        db_index=False,
    )
    actor_id = models.BigIntegerField(
        _("visitor"), null=True, help_text=_("The identifier (customers.Identifier) of an anonymous visitor.")
    )
    slot = models.CharField(_("slot"), max_length=50)
    context = models.JSONField(_("context"), default=dict)
    eligible = models.JSONField(_("could have been"), default=list)
    action = models.JSONField(_("was"))
    propensity = models.FloatField(_("probability"))
    policy_version = models.CharField(_("policy version"), max_length=64)
    reward = models.FloatField(_("came of it"), null=True)
    at = models.DateTimeField(_("at"))
    rewarded_at = models.DateTimeField(_("outcome at"), null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [models.Index(fields=["customer", "-at"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.slot} {self.id}"
